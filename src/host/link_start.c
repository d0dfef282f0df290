/* SPDX-License-Identifier: MIT */
#include "link_start.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent_start.h"
#include "cmigrate/agent/image.h"
#include "cmigrate/base/deadline.h"
#include "ssh.h"

/* Time for logins under way to end; one takes a second on a slow host. */
#define TURNED_AWAY_MS 10000
/* The first pause. Each further one is twice as long, and up to half as much is added at random. */
#define AGAIN_MS 200
#define AGAIN_DOUBLED 3
/* A login may print so many bytes before the agent. */
#define LOGIN_MAX (1024 * 1024)
#define GREETING "cmigrate-agent hello\n"

/* The start of a text in what has come, or NULL; whatever a login printed stands before it. */
static char *find(const struct buf *in, const char *text)
{
	return in->len ? memmem(in->s, in->len, text, strlen(text)) : NULL;
}

/* Whether the agent of this build can run there; -1 with a message. */
static int check_machine(const struct link *link, const char *machine, size_t len, struct err *err)
{
	CLEANUP_FREE char *theirs = str_dupn(machine, len);

	if (strcmp(theirs, agent_image_machine) == 0)
		return 0;
	str_mask(theirs);
	return err_set(
		err, EXIT_FAILED,
		"it is a machine of another kind (%.40s, not %s): install cmigrate there and "
		"set hosts.%s.agent in the configuration to its agent",
		theirs, agent_image_machine, link->host->name);
}

static void send_agent(struct link *link, char *absent)
{
	struct err err = ERR_INIT;
	char *machine = absent + strlen(AGENT_ABSENT);
	size_t len = strcspn(machine, "\n");

	if (!machine[len])
		return;
	if (check_machine(link, machine, len, &err) < 0) {
		link_lose(link, err.msg);
		return;
	}
	buf_consume(&link->out, (size_t)(machine + len + 1 - link->out.s));
	buf_add(&link->in, agent_image, (size_t)(agent_image_end - agent_image));
	link->state = LINK_SENDING;
}

bool link_hears_agent(struct link *link)
{
	char *hello = find(&link->out, GREETING), *absent = find(&link->out, AGENT_ABSENT);

	if (link->out.len > LOGIN_MAX) {
		link_lose(link, "its login prints too much");
	} else if (hello) {
		buf_consume(&link->out, (size_t)(hello + strlen(GREETING) - link->out.s));
		return true;
	} else if (absent && link->state == LINK_STARTING) {
		send_agent(link, absent);
	}
	return false;
}

/* mark: a newline and the start of a line. */
static bool says(const struct buf *text, const char *mark)
{
	return str_starts(buf_str(text), mark + 1) || strstr(buf_str(text), mark);
}

/*
 * sshd hangs up before its version string if too many logins are under way (MaxStartups in
 * sshd_config(5): from ten on, some of them). ssh writes one of these only before a session is
 * open. Later it writes "Connection to HOST closed by remote host." (openssh: kex.c, packet.c
 * sshpkt_vfatal(), clientloop.c).
 */
static bool was_turned_away(const struct link *link)
{
	return link->state == LINK_STARTING &&
	       (says(&link->err, "\nkex_exchange_identification: ") ||
		says(&link->err, "\nConnection closed by "));
}

/* Random, so that clients turned away at the same moment don't all return at once. */
static int64_t next_try(const struct link *link)
{
	int ms = AGAIN_MS << (link->tries < AGAIN_DOUBLED ? link->tries : AGAIN_DOUBLED);
	unsigned short word = 0;

	if (getrandom(&word, sizeof(word), 0) != (ssize_t)sizeof(word))
		abort();
	return deadline_in_ms(ms + word % (ms / 2));
}

/* Ends the process at our end. It ends by itself when its stdin closes; on a dead connection ssh
 * may stay, so the wait is bounded, and short unless patient. */
void link_end_process(struct proc *proc, bool patient)
{
	bool killed = !patient;
	int status;

	proc_close(proc);
	for (int64_t end = deadline_in_ms(300); proc->pid > 0 && !proc_reap(proc, &status);) {
		if (deadline_passed(end)) {
			proc_signal(proc, SIGTERM);
			end = deadline_in_ms(1000);
			if (killed)
				proc_signal(proc, SIGKILL);
			killed = true;
		}
		clock_sleep_ms(1);
	}
}

/* Whether ssh, which has ended, is started again now or later. */
bool link_reconnects(struct link *link)
{
	struct err unused = ERR_INIT;

	if (!was_turned_away(link) || deadline_passed(link->give_up_us))
		return false;
	if (!link->give_up_us)
		link->give_up_us = deadline_in_ms(TURNED_AWAY_MS);
	if (!link->again_us)
		link->again_us = next_try(link);
	link->heard_us = clock_now_us();
	if (!deadline_passed(link->again_us))
		return true;
	link_end_process(&link->proc, true);
	if (agent_start(link->host, &link->proc, &unused) < 0)
		return false;
	link->again_us = 0;
	link->tries++;
	buf_clear(&link->out);
	buf_clear(&link->err);
	return true;
}
