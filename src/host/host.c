/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/host.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "link.h"

#define READY_MS 25000

struct host *host_new(const char *name, const char *ssh_dest, const struct argv *ssh_options,
		      const struct events *events)
{
	struct host *h = mem_new(1, sizeof(*h));

	h->name = str_dup(name);
	h->ssh = str_dup(ssh_dest);
	h->events = events;
	if (ssh_options)
		argv_extend(&h->options, ssh_options);
	return h;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	if (host->link)
		link_close(host->link);
	free(host->name);
	free(host->ssh);
	free(host->device);
	free(host->agent);
	free(host->migration_address);
	free(host->root);
	free(host->serves);
	argv_clear(&host->options);
	free(host);
}

void host_free_p(struct host **host)
{
	host_free(*host);
}

bool host_is_local(const struct host *host)
{
	return host->ssh == NULL;
}

struct command host_within_limit(const struct host *host, const struct command *cmd)
{
	struct command within = *cmd;

	if (!host->limit_us || !cmd->timeout_ms)
		return within;
	int left = deadline_poll_ms(host->limit_us);
	if (left < within.timeout_ms)
		within.timeout_ms = left > 0 ? left : 1;
	return within;
}

static void tell(const struct host *host, const struct job *job)
{
	event_emit(host->events,
		   &(struct event){.kind = EVENT_COMMAND, .host = host->name, .text = job->what});
}

int host_start(struct host *host, const struct command *cmd, struct job *job, struct err *err)
{
	const struct command within = host_within_limit(host, cmd);

	job_init(job, host, &within);
	if (!host->fenced)
		tell(host, job);
	return job_request(job, &within, err);
}

int host_start_program(struct host *here, const struct command *cmd, struct job *job,
		       struct err *err)
{
	job_init(job, here, cmd);
	tell(here, job);
	return job_program(job, cmd, err);
}

int host_output(struct host *host, const struct command *cmd, char **ret_out, struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	if (host_start(host, cmd, &job, err) < 0)
		return -1;
	job_wait(&job);
	if (job_failure(&job, err) < 0)
		return -1;
	if (ret_out)
		*ret_out = buf_steal(&job.out);
	return 0;
}

int host_run(struct host *host, const struct command *cmd, struct err *err)
{
	return host_output(host, cmd, NULL, err);
}

void host_connect(struct host *host)
{
	struct err unused = ERR_INIT;

	/* Without a connection the first command fails in the same way. */
	if (!host->fenced && !host->lost && !host->link)
		host->link = link_open(host, &unused);
}

int hosts_prime(struct host *const *hosts, size_t n, size_t requests, struct err *err)
{
	struct job *jobs = mem_new(n, sizeof(*jobs));
	CLEANUP_FREE char *count = str_fmt("count=%zu", requests);
	char *argv[] = {"ready", count, NULL};
	size_t started = 0;
	int status = 0;

	for (; started < n && status == 0; started++)
		status = host_start(hosts[started],
				    &(struct command){.argv = argv, .timeout_ms = READY_MS},
				    &jobs[started], err);
	for (size_t i = 0; i < started; i++) {
		struct err unused = ERR_INIT;
		if (job_finish(&jobs[i], status == 0 ? err : &unused) < 0)
			status = -1;
	}
	free(jobs);
	return status;
}
