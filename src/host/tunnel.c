/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/tunnel.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "link.h"
#include "link_start.h"
#include "relay.h"

/* The host may have to be connected to. */
#define OPEN_MS 40000

/* The same host, by a connection of its own. It serves no move: a recovery ends the agents of a
 * move, and leaves memory that is on its way alone. */
static struct host *again(const struct host *host)
{
	struct host *h = host_new(host->name, host->ssh, &host->options, host->events);

	h->agent = str_dup(host->agent);
	h->root = str_dup(host->root);
	return h;
}

static int make_tunnels(struct host *const ends[TUNNEL_ENDS], char *const *const argv[TUNNEL_ENDS],
			char **ret_said, struct err *err)
{
	struct job jobs[TUNNEL_ENDS] = {0}, *both[] = {&jobs[0], &jobs[1]};
	struct err second = ERR_INIT;
	int status = 0;

	for (size_t i = 0; i < TUNNEL_ENDS && status == 0; i++)
		status = host_start(ends[i],
				    &(struct command){.argv = argv[i], .timeout_ms = OPEN_MS},
				    &jobs[i], err);
	/* Neither agent waits for its controller's first word meanwhile. */
	jobs_wait_all(both, TUNNEL_ENDS);
	for (size_t i = 0; i < TUNNEL_ENDS; i++) {
		if (i == 0 && status == 0)
			*ret_said = str_dup(buf_str(&jobs[i].out));
		if (job_finish(&jobs[i], status < 0 ? &second : err) < 0)
			status = -1;
	}
	return status;
}

static int start_relay(struct tunnel *tunnel, struct host *const ends[TUNNEL_ENDS], struct err *err)
{
	struct buf heard[TUNNEL_ENDS] = {0};
	int status = 0;

	for (size_t i = 0; i < TUNNEL_ENDS; i++) {
		link_take(ends[i]->link, &tunnel->proc[i], &heard[i]);
		ends[i]->link = NULL;
	}
	tunnel->relay = relay_start(tunnel->proc, heard);
	if (tunnel->relay < 0)
		status = err_errno(err, EXIT_FAILED, "can't start a process");
	for (size_t i = 0; i < TUNNEL_ENDS; i++) {
		proc_close(&tunnel->proc[i]);
		buf_clear(&heard[i]);
	}
	return status;
}

int tunnel_open(struct tunnel *tunnel, struct host *const hosts[TUNNEL_ENDS],
		char *const *const argv[TUNNEL_ENDS], char **ret_said, struct err *err)
{
	struct host *ends[TUNNEL_ENDS];

	for (size_t i = 0; i < TUNNEL_ENDS; i++)
		ends[i] = again(hosts[i]);
	int status = make_tunnels(ends, argv, ret_said, err);
	if (status == 0)
		status = start_relay(tunnel, ends, err);
	for (size_t i = 0; i < TUNNEL_ENDS; i++)
		host_free(ends[i]);
	return status;
}

void tunnel_close(struct tunnel *tunnel)
{
	if (tunnel->relay > 0) {
		(void)kill(tunnel->relay, SIGKILL);
		while (waitpid(tunnel->relay, NULL, 0) < 0 && errno == EINTR)
			;
	}
	/* They end by themselves, because nobody writes to them any more. */
	for (size_t i = 0; i < TUNNEL_ENDS && tunnel->relay; i++)
		link_end_process(&tunnel->proc[i], true);
	memset(tunnel, 0, sizeof(*tunnel));
}
