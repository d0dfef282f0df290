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
#include "link.h"

/* SIGKILL follows SIGTERM after this time. */
#define KILL_AFTER_MS 1000
/* SIGTERM, then SIGKILL as often as a busy machine may need. */
#define KILLS_MAX 4
/* How often to look at a child that closed its output and lives on. */
#define REAP_TICK_MS 2
#define READ_CHUNK 65536
/* Reads at a time: a command that writes without end must not keep us from the clock. */
#define READS_MAX 16
/* Descriptors of a job or of its link. */
#define FDS_MAX 3

static char *describe(const struct command *cmd)
{
	struct buf line = {0};

	if (cmd->shown)
		buf_puts(&line, cmd->shown);
	else
		quote_argv(&line, cmd->argv);
	char *s = buf_steal(&line);
	str_mask(s);
	return s;
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

void job_end(struct job *job)
{
	job->state = JOB_DONE;
	job->ended_us = clock_now_us();
	job->link = NULL;
}

/* A host that is lost, or known to be off, isn't asked. */
static bool is_out(struct job *job)
{
	const struct host *host = job->host;

	if (!host->fenced && !host->lost)
		return false;
	job->state = JOB_DONE;
	job->told = true;
	job->lost = !host->fenced;
	return true;
}

int job_request(struct job *job, const struct command *cmd, struct err *err)
{
	struct host *host = job->host;

	if (is_out(job))
		return 0;
	if (!host->link)
		host->link = link_open(host, err);
	if (!host->link) {
		job_clear(job);
		return err_wrap(err, "%s", host->name);
	}
	job->state = JOB_RUNNING;
	job->link = host->link;
	job->deadline = cmd->timeout_ms ? deadline_in_ms(cmd->timeout_ms + LINK_GRACE_MS) : 0;
	link_request(host->link, job, cmd);
	link_pump(host->link);
	return 0;
}

int job_program(struct job *job, const struct command *cmd, struct err *err)
{
	struct proc_spec spec = {.argv = cmd->argv, .env = cmd->env};

	if (proc_spawn(&spec, &job->proc, err) < 0) {
		job_clear(job);
		return -1;
	}
	job->state = JOB_RUNNING;
	job->deadline = cmd->timeout_ms ? deadline_in_ms(cmd->timeout_ms) : 0;
	return 0;
}

/* Reads what is available; closes the descriptor at end of file. */
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

static void program_deadline(struct job *job)
{
	if (!deadline_passed(job->deadline))
		return;
	job->timed_out = true;
	if (job->signals == KILLS_MAX) {
		/* It hangs in the kernel, on a disk or an NFS server. */
		buf_clear(&job->err);
		buf_puts(&job->err, "it can't be killed; the disk or an NFS server may hang");
		job->lost = true;
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

static void program_progress(struct job *job)
{
	pump_out(&job->out, &job->proc.out, job->limit, &job->truncated);
	pump_out(&job->err, &job->proc.err, job->limit, &job->truncated);
	program_deadline(job);
	if (job->state == JOB_DONE)
		return;
	if (job->proc.out < 0 && job->proc.err < 0 && proc_reap(&job->proc, &job->status)) {
		proc_close(&job->proc);
		job_end(job);
	}
}

static void request_progress(struct job *job)
{
	link_pump(job->link);
	if (job->state == JOB_RUNNING && deadline_passed(job->deadline))
		link_lose(job->link,
			  "it does not come to an end; the disk or an NFS server may hang");
}

static void job_progress(struct job *job)
{
	if (job->state != JOB_RUNNING)
		return;
	if (job->link)
		request_progress(job);
	else
		program_progress(job);
}

static void add_fd(struct pollfd *fds, size_t *n, int fd)
{
	if (fd >= 0)
		fds[(*n)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Adds a job's descriptors; returns the latest time at which to look at it again. */
static int64_t job_poll(const struct job *job, struct pollfd *fds, size_t *n)
{
	if (job->link)
		return deadline_min(job->deadline, link_poll(job->link, fds, n));
	add_fd(fds, n, job->proc.out);
	add_fd(fds, n, job->proc.err);
	if (job->proc.out < 0 && job->proc.err < 0)
		return deadline_min(job->deadline, deadline_in_ms(REAP_TICK_MS));
	return job->deadline;
}

/* The index of a job that is done and was not told yet, or -1. */
static int find_done(struct job *const *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->state == JOB_DONE && !jobs[i]->told) {
			jobs[i]->told = true;
			return (int)i;
		}
	return -1;
}

int jobs_wait_any(struct job *const *jobs, size_t n, int64_t deadline)
{
	struct pollfd *fds = mem_new(FDS_MAX * n + 1, sizeof(*fds));
	int found;

	for (;;) {
		size_t nfds = 0, running = 0;
		int64_t wake = deadline;
		for (size_t i = 0; i < n; i++)
			job_progress(jobs[i]);
		for (size_t i = 0; i < n; i++) {
			if (jobs[i]->state != JOB_RUNNING)
				continue;
			running++;
			wake = deadline_min(wake, job_poll(jobs[i], fds, &nfds));
		}
		found = find_done(jobs, n);
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
	/* The agent's own words say enough. */
	if (job->status != 0 && job->id && *said)
		return err_set(err, EXIT_FAILED, "%s: %s", name, said);
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
	if (job->state == JOB_RUNNING && !job->link)
		(void)proc_reap(&job->proc, &status); /* not waited for: it goes on */
	if (job->link)
		link_forget(job->link, job);
	proc_close(&job->proc);
	buf_clear(&job->out);
	buf_clear(&job->err);
	free(job->what);
	memset(job, 0, sizeof(*job));
	job->proc = (struct proc){-1, -1, -1, -1};
}

void job_cancel(struct job *job)
{
	if (job->state == JOB_RUNNING && job->link)
		link_cancel(job->link, job);
	job_clear(job);
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
