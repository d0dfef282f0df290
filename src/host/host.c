/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/host.h"

#include <stdlib.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/host/ssh_channel.h"
#include "ssh_socket.h"

/* Enough for ssh to try two addresses (ssh_channel.c) and for the login on a busy host. */
#define GREETING_MS 25000

struct host *host_new(const char *name, const char *ssh_dest, const struct argv *ssh_options,
		      const struct events *events)
{
	static unsigned serial;
	struct host *h = mem_new(1, sizeof(*h));

	h->name = str_dup(name);
	h->ssh = str_dup(ssh_dest);
	h->events = events;
	if (ssh_options)
		argv_extend(&h->options, ssh_options);
	if (ssh_dest) {
		const char *dir = control_take();
		if (dir)
			h->control = str_fmt("%s/%d.%u", dir, (int)getpid(), serial++);
	}
	return h;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	if (host->greeting) {
		job_clear(host->greeting);
		free(host->greeting);
	}
	for (struct channel *ch = host->channels, *next; ch; ch = next) {
		next = ch->next;
		channel_close(ch);
	}
	if (host->control)
		(void)unlink(host->control);
	if (host->ssh)
		control_give_back();
	free(host->name);
	free(host->ssh);
	free(host->device);
	free(host->env_tag);
	free(host->control);
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

/* The connection is open now, or the job has the error of ssh. */
static void end_greeting(struct host *host, struct job *job)
{
	struct job *greeting = host->greeting;

	if (!greeting || host->fenced)
		return;
	host->greeting = NULL;
	job_wait(greeting);
	if (greeting->lost)
		buf_add(&job->err, buf_str(&greeting->err), greeting->err.len);
	job_clear(greeting);
	free(greeting);
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

int host_start(struct host *host, const struct command *cmd, struct job *job, struct err *err)
{
	const struct command within = host_within_limit(host, cmd);

	job_init(job, host, &within);
	if (!host->fenced)
		event_emit(host->events, &(struct event){.kind = EVENT_COMMAND,
							 .host = host->name,
							 .text = job->what});
	end_greeting(host, job);
	return job_begin(job, &within, err);
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

/*
 * An empty command that only shows that the host replies. It sends no event: nothing happens there,
 * and a dozen such events would hide the real ones. It needs no timeout(1): a shell that is too
 * slow for this means a lost host.
 */
static int greet(struct host *host, struct job *job, struct err *err)
{
	char *argv[] = {"true", NULL};
	struct command cmd = {.argv = argv};

	job_init(job, host, &cmd);
	end_greeting(host, job);
	if (job_begin(job, &cmd, err) < 0)
		return -1;
	job->deadline = deadline_in_ms(GREETING_MS);
	return 0;
}

void host_connect(struct host *host)
{
	struct err unused = ERR_INIT;

	if (host_is_local(host) || host->fenced || host->channels || host->greeting)
		return;
	struct job *greeting = mem_new(1, sizeof(*greeting));
	if (greet(host, greeting, &unused) < 0)
		free(greeting); /* the first command will fail in the same way */
	else
		host->greeting = greeting;
}

int hosts_prime(struct host *const *hosts, size_t n, size_t channels, struct err *err)
{
	struct job *jobs = mem_new(n * channels, sizeof(*jobs));
	size_t started = 0;
	int status = 0;

	for (size_t h = 0; h < n; h++)
		host_connect(hosts[h]);
	for (size_t h = 0; h < n && status == 0; h++) {
		/* The first channel waits for the connection, the others share it. */
		for (size_t c = 0; c < channels && status == 0 && !host_is_local(hosts[h]); c++) {
			status = greet(hosts[h], &jobs[started], err);
			started += status == 0;
		}
	}
	for (size_t i = 0; i < started; i++) {
		job_wait(&jobs[i]);
		if (status == 0)
			status = job_failure(&jobs[i], err);
		job_clear(&jobs[i]);
	}
	free(jobs);
	return status;
}
