/* SPDX-License-Identifier: MIT */
/* The lock of a container: the agent on the store's host holds it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/protocol/status.h"

#define LOCK_MS 15000
/* An agent gives it back at once, unless its disk is away. */
#define UNLOCK_MS 2000
/* Between two attempts at a lock. */
#define PAUSE_MS 50

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

/* The field of a request that names the directory. NULL: none is needed. Owned by the caller. */
static char *owner_of(const struct state_dir *s)
{
	if (s->batch)
		return str_fmt("batch=%s", s->batch);
	return s->container ? str_fmt("container=%s", s->container) : NULL;
}

int state_dir_lock(const struct state_dir *s, struct state_dir_lock *ret, struct err *err)
{
	CLEANUP_FREE char *owner = owner_of(s);
	CLEANUP_FREE char *stamp = make_stamp();
	CLEANUP_JOB struct job job = {0};
	char *argv[] = {"lock", stamp, owner, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = LOCK_MS};

	if (host_start(s->host, &cmd, &job, err) < 0)
		return -1;
	job_wait(&job);
	if (failure(s, &job, err) < 0)
		return -1;
	ret->host = s->host;
	ret->owner = str_dup(owner);
	return 0;
}

int state_dir_lock_wait(const struct state_dir *s, int wait_ms, struct state_dir_lock *ret,
			struct err *err)
{
	int64_t until = deadline_in_ms(wait_ms);

	for (;;) {
		struct err busy = ERR_INIT;
		if (state_dir_lock(s, ret, &busy) == 0)
			return 0;
		if (busy.code != EXIT_BUSY || deadline_passed(until)) {
			*err = busy;
			return -1;
		}
		clock_sleep_ms(PAUSE_MS);
	}
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
	char *argv[] = {"unlock", lock->owner, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = UNLOCK_MS};
	/* Where that fails it ends with the connection. */
	(void)host_run(lock->host, &cmd, &unused);
	free(lock->owner);
	*lock = (struct state_dir_lock){0};
}
