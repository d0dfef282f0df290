/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/job.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/host/host.h"
#include "cmigrate/host/script.h"
#include "cmigrate/host/ssh_channel.h"

/* SIGKILL follows SIGTERM after this time. */
#define KILL_AFTER_MS 1000
/* SIGTERM, then SIGKILL as often as a busy machine may need. */
#define KILLS_MAX 4
/* How often to look at a child that closed its output and lives on. */
#define REAP_TICK_MS 2
#define READ_CHUNK 65536
/* Reads at a time: a command that writes without end must not keep us from the clock. */
#define READS_MAX 16

static char *describe(const struct command *cmd)
{
	CLEANUP_FREE char *script = cmd->shown ? NULL : script_shown(cmd->argv);
	struct buf line = {0};

	if (cmd->shown) {
		buf_puts(&line, cmd->shown);
	} else if (script) {
		buf_puts(&line, script);
	} else {
		for (char *const *e = cmd->env; e && *e; e++)
			buf_printf(&line, "%s ", *e);
		quote_argv(&line, cmd->argv);
	}
	char *s = buf_steal(&line);
	str_mask(s);
	return s;
}

static int start_local(struct host *host, const struct command *cmd, struct job *job,
		       struct err *err)
{
	CLEANUP_ARGV struct argv env = {0};

	if (host->env_tag)
		argv_add(&env, host->env_tag);
	for (char *const *e = cmd->env; e && *e; e++)
		argv_add(&env, *e);
	struct proc_spec spec = {
		.argv = cmd->argv, .env = env.v, .log = cmd->log, .with_stdin = cmd->input != NULL};
	if (proc_spawn(&spec, &job->proc, err) < 0)
		return err_wrap(err, "%s", host->name);
	if (cmd->input)
		buf_puts(&job->in, cmd->input);
	job->deadline = cmd->timeout_ms ? deadline_in_ms(cmd->timeout_ms) : 0;
	return 0;
}

static int start_remote(struct host *host, const struct command *cmd, struct job *job,
			struct err *err)
{
	struct channel *ch = host->channels;

	while (ch && (ch->busy || ch->dead))
		ch = ch->next;
	if (!ch) {
		ch = channel_open(host, err);
		if (!ch)
			return err_wrap(err, "%s", host->name);
		ch->next = host->channels;
		host->channels = ch;
	}
	ch->busy = true;
	channel_nonce(job->nonce);
	channel_ask(ch, cmd, job->nonce);
	job->channel = ch;
	job->deadline = cmd->timeout_ms ? deadline_in_ms(cmd->timeout_ms + LINK_GRACE_MS) : 0;
	return 0;
}

/* Writes as much as the pipe takes. A local child's stdin is closed after the last byte. */
static void pump_in(struct buf *data, int *fd, bool keep_open)
{
	while (*fd >= 0 && data->len) {
		ssize_t n = write(*fd, data->s, data->len);
		if (n > 0)
			buf_consume(data, (size_t)n);
		else if (n < 0 && errno == EAGAIN)
			return;
		else if (n < 0 && errno != EINTR)
			fd_close(fd);
	}
	if (!keep_open)
		fd_close(fd);
}

/* Reads what is available; closes the descriptor at end of file. limit 0: none. */
static void pump_out(struct buf *data, int *fd, size_t limit, bool *truncated)
{
	char chunk[READ_CHUNK];

	for (int reads = 0; *fd >= 0 && reads < READS_MAX; reads++) {
		ssize_t n = read(*fd, chunk, sizeof(chunk));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			fd_close(fd);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			continue;
		size_t keep = (size_t)n;
		if (data->len + keep > limit) {
			keep = limit > data->len ? limit - data->len : 0;
			*truncated = true;
		}
		buf_add(data, chunk, keep);
	}
}

void job_init(struct job *job, struct host *host, const struct command *cmd)
{
	memset(job, 0, sizeof(*job));
	job->host = host;
	job->what = describe(cmd);
	job->limit = cmd->limit ? cmd->limit : OUTPUT_LIMIT;
	job->timeout_ms = cmd->timeout_ms;
	job->started_us = clock_now_us();
	job->proc = (struct proc){-1, -1, -1, -1};
}

int job_begin(struct job *job, const struct command *cmd, struct err *err)
{
	struct host *host = job->host;

	if (host->fenced || host->lost) {
		job->state = JOB_DONE;
		job->lost = !host->fenced;
		return 0;
	}
	int status = host_is_local(host) ? start_local(host, cmd, job, err)
					 : start_remote(host, cmd, job, err);
	if (status < 0) {
		job_clear(job);
		return -1;
	}
	job->state = JOB_RUNNING;
	if (job->channel)
		pump_in(&job->channel->in, &job->channel->ssh.in, true);
	else
		pump_in(&job->in, &job->proc.in, false);
	return 0;
}

static void job_end(struct job *job)
{
	job->state = JOB_DONE;
	job->ended_us = clock_now_us();
	if (job->channel)
		job->channel->busy = false;
	job->channel = NULL;
}

static void host_lose(struct job *job)
{
	struct channel *ch = job->channel;

	/* The message of ssh is the cause: "Could not resolve hostname", "Connection timed out". */
	buf_add(&job->err, buf_str(&ch->err), ch->err.len);
	ch->dead = true;
	job->host->lost = true;
	job->lost = true;
	job_end(job);
}

/* Too much output on a channel could push out the marks, so the middle is dropped, not the end. */
static void channel_trim(struct job *job, struct buf *data)
{
	if (data->len <= job->limit + READ_CHUNK)
		return;
	job->truncated = true;
	memmove(data->s + job->limit, data->s + data->len - READ_CHUNK, READ_CHUNK + 1);
	data->len = job->limit + READ_CHUNK;
}

static void cut_to_limit(struct job *job, struct buf *data)
{
	if (data->len <= job->limit)
		return;
	job->truncated = true;
	data->len = job->limit;
	data->s[data->len] = '\0';
}

static void remote_progress(struct job *job)
{
	struct channel *ch = job->channel;
	bool unused = false;

	pump_in(&ch->in, &ch->ssh.in, true);
	pump_out(&ch->out, &ch->ssh.out, SIZE_MAX, &unused);
	pump_out(&ch->err, &ch->ssh.err, SIZE_MAX, &unused);
	if (channel_result(ch, job->nonce, &job->out, &job->err, &job->status)) {
		/* timeout(1) exits with 124 if TERM was enough, 137 if it took KILL. */
		job->timed_out = job->timeout_ms && (job->status == 124 || job->status == 137) &&
				 job_ms(job) >= job->timeout_ms;
		cut_to_limit(job, &job->out);
		cut_to_limit(job, &job->err);
		job_end(job);
		return;
	}
	channel_trim(job, &ch->out);
	channel_trim(job, &ch->err);
	bool late = deadline_passed(job->deadline);
	if (late || (ch->ssh.out < 0 && !channel_reconnects(ch, job->host)))
		host_lose(job);
}

static void local_deadline(struct job *job)
{
	if (!deadline_passed(job->deadline))
		return;
	job->timed_out = true;
	if (job->signals == KILLS_MAX) {
		/* It hangs in the kernel, on a disk or an NFS server; treat the host as silent. */
		buf_clear(&job->err);
		buf_puts(&job->err, "it can't be killed; the disk or an NFS server may hang");
		job->host->lost = job->lost = true;
		job_end(job);
		return;
	}
	proc_signal(&job->proc, job->signals ? SIGKILL : SIGTERM);
	if (job->signals) {
		/* Other holders of the pipes have left the session and are not waited for. */
		proc_close(&job->proc);
	}
	job->signals++;
	job->deadline = deadline_in_ms(KILL_AFTER_MS);
}

static void local_progress(struct job *job)
{
	pump_in(&job->in, &job->proc.in, false);
	pump_out(&job->out, &job->proc.out, job->limit, &job->truncated);
	pump_out(&job->err, &job->proc.err, job->limit, &job->truncated);
	local_deadline(job);
	if (job->state == JOB_DONE)
		return;
	if (job->proc.out < 0 && job->proc.err < 0 && proc_reap(&job->proc, &job->status)) {
		proc_close(&job->proc);
		job_end(job);
	}
}

static void add_fd(struct pollfd *fds, size_t *n, int fd, short events)
{
	if (fd >= 0)
		fds[(*n)++] = (struct pollfd){.fd = fd, .events = events};
}

/* Adds a job's descriptors; returns the latest time at which to look at it again. */
static int64_t job_poll(const struct job *job, struct pollfd *fds, size_t *n)
{
	const struct channel *ch = job->channel;

	if (ch) {
		add_fd(fds, n, ch->in.len ? ch->ssh.in : -1, POLLOUT);
		add_fd(fds, n, ch->ssh.out, POLLIN);
		add_fd(fds, n, ch->ssh.err, POLLIN);
		return deadline_min(job->deadline, ch->again_us);
	}
	add_fd(fds, n, job->in.len ? job->proc.in : -1, POLLOUT);
	add_fd(fds, n, job->proc.out, POLLIN);
	add_fd(fds, n, job->proc.err, POLLIN);
	if (job->proc.out < 0 && job->proc.err < 0)
		return deadline_min(job->deadline, deadline_in_ms(REAP_TICK_MS));
	return job->deadline;
}

static void job_progress(struct job *job)
{
	if (job->state != JOB_RUNNING)
		return;
	if (job->channel)
		remote_progress(job);
	else
		local_progress(job);
}

int jobs_wait_any(struct job *const *jobs, size_t n, int64_t deadline)
{
	struct pollfd *fds = mem_new(3 * n, sizeof(*fds));
	int found = -1;

	for (;;) {
		size_t nfds = 0, running = 0;
		int64_t wake = deadline;
		for (size_t i = 0; i < n && found < 0; i++) {
			bool ran = jobs[i]->state == JOB_RUNNING;
			job_progress(jobs[i]);
			if (ran && jobs[i]->state == JOB_DONE)
				found = (int)i;
			if (jobs[i]->state != JOB_RUNNING)
				continue;
			running++;
			wake = deadline_min(wake, job_poll(jobs[i], fds, &nfds));
		}
		if (found >= 0 || !running || deadline_passed(deadline))
			break;
		(void)poll(fds, nfds, deadline_poll_ms(wake));
	}
	free(fds);
	return found;
}

void jobs_wait_all(struct job *const *jobs, size_t n)
{
	while (jobs_wait_any(jobs, n, 0) >= 0)
		;
}

void job_wait(struct job *job)
{
	jobs_wait_all(&job, 1);
}

double job_ms(const struct job *job)
{
	int64_t end = job->ended_us ? job->ended_us : clock_now_us();

	return (double)(end - job->started_us) / 1000.0;
}

/* runc and ssh write their reason last, so messages use the last line. */
int job_failure(const struct job *job, struct err *err)
{
	CLEANUP_FREE char *said = str_last_line(buf_str(&job->err));
	const char *name = job->host->name;

	if (job->lost) {
		(void)err_set(err, EXIT_FAILED, "%s: no answer%s%s", name, *said ? ": " : "", said);
		return err_because_lost(err, name);
	}
	if (job->timed_out)
		return err_set(err, EXIT_FAILED, "%s: '%s' did not end within %g s", name,
			       job->what, job->timeout_ms / 1000.0);
	if (job->status != 0)
		return err_set(err, EXIT_FAILED, "%s: '%s' ended with status %d%s%s", name,
			       job->what, job->status, *said ? ": " : "", said);
	if (job->truncated)
		return err_set(err, EXIT_FAILED, "%s: '%s' wrote too much", name, job->what);
	return 0;
}

void job_clear(struct job *job)
{
	int status;

	if (!job->host)
		return; /* never started */
	if (job->state == JOB_RUNNING && !job->channel) {
		/* Not waited for: it goes on, as it would on another host. */
		(void)proc_reap(&job->proc, &status);
	}
	if (job->channel)
		job->channel->dead =
			true; /* its marks are still to come, so the channel can't be used again */
	proc_close(&job->proc);
	buf_clear(&job->out);
	buf_clear(&job->err);
	buf_clear(&job->in);
	free(job->what);
	memset(job, 0, sizeof(*job));
	job->proc = (struct proc){-1, -1, -1, -1};
}

int job_finish(struct job *job, struct err *err)
{
	if (job->state == JOB_NONE)
		return 0;
	job_wait(job);
	int status = job_failure(job, err);
	job_clear(job);
	return status;
}
