/* SPDX-License-Identifier: MIT */
/* The lock of a container: the agent on the store's host holds it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmigrate/container/state_dir.h"
#include "cmigrate/protocol/status.h"

#define LOCK_MS 15000
/* An agent gives it back at once, unless its disk is away. */
#define UNLOCK_MS 2000

/* Names the holder of the lock in messages: "pid 42 on rhel01 since TIME". */
static char *make_stamp(void)
{
	char host[256] = "", when[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	(void)gethostname(host, sizeof(host) - 1);
	if (gmtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return str_fmt("stamp=pid %d on %s since %s", (int)getpid(), host, when);
}

static int busy(const struct state_dir *s, const struct job *job, struct err *err)
{
	const char *owner = buf_str(&job->out);

	(void)err_set(err, EXIT_BUSY, "another cmigrate holds '%s/lock'%s%.200s; try again later",
		      s->dir, *owner ? ", " : "", owner);
	return err_because(err, CAUSE_LOCKED);
}

/* The agent got no answer itself, and could not be let off. */
static bool was_silent(const struct job *job)
{
	return job->timed_out || (job->lost && job_ms(job) >= LOCK_MS);
}

static int failure(const struct state_dir *s, const struct job *job, struct err *err)
{
	if (!job->lost && job->status == STATUS_LOCKED)
		return busy(s, job, err);
	if (job_failure(job, err) == 0)
		return 0;
	/* An NFS server keeps the lock of a host that went down until its lease ends. */
	if (was_silent(job))
		(void)err_append(err, "an NFS server that waits for a host which is gone answers "
				      "after a minute or two: try again then");
	return -1;
}

int state_dir_lock(const struct state_dir *s, struct state_dir_lock *ret, struct err *err)
{
	CLEANUP_FREE char *container = s->container ? str_fmt("container=%s", s->container) : NULL;
	CLEANUP_FREE char *stamp = make_stamp();
	CLEANUP_JOB struct job job = {0};
	char *argv[] = {"lock", stamp, container, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = LOCK_MS};

	if (host_start(s->host, &cmd, &job, err) < 0)
		return -1;
	job_wait(&job);
	if (failure(s, &job, err) < 0)
		return -1;
	ret->host = s->host;
	ret->container = str_dup(s->container);
	return 0;
}

int state_dir_owner(const struct state_dir *s, char **ret_owner, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", s->container);
	CLEANUP_JOB struct job job = {0};
	char *argv[] = {"locked", container, NULL};

	if (host_start(s->host, &(struct command){.argv = argv, .timeout_ms = LOCK_MS}, &job, err) <
	    0)
		return -1;
	job_wait(&job);
	bool locked = !job.lost && !job.timed_out && job.status == STATUS_LOCKED;
	if (!locked && job_failure(&job, err) < 0)
		return -1;
	*ret_owner = locked ? str_dup(buf_str(&job.out)) : NULL;
	if (locked)
		str_mask(*ret_owner);
	return 0;
}

void state_dir_unlock(struct state_dir_lock *lock)
{
	struct err unused = ERR_INIT;

	if (!lock->host)
		return;
	CLEANUP_FREE char *container =
		lock->container ? str_fmt("container=%s", lock->container) : NULL;
	char *argv[] = {"unlock", container, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = UNLOCK_MS};
	/* Where that fails it ends with the connection. */
	(void)host_run(lock->host, &cmd, &unused);
	free(lock->container);
	*lock = (struct state_dir_lock){0};
}
