/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/state_dir.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/protocol/status.h"

#define STATE_DIR_TIMEOUT_MS 15000
#define STATE_DIR_LIMIT (1024 * 1024)
/* More than the agent lets a file grow to (src/agent/shared/store.c). */
#define TAIL_LIMIT (3 * 1024 * 1024)

void state_dir_init(struct state_dir *s, struct host *host, const char *bundle_dir)
{
	const char *slash = strrchr(bundle_dir, '/');

	s->host = host;
	s->dir = str_fmt("%s/.cmigrate", bundle_dir);
	s->container = str_dup(slash ? slash + 1 : bundle_dir);
	s->batch = NULL;
}

void state_dir_init_batch(struct state_dir *s, struct host *host, const char *root,
			  const char *batch)
{
	s->host = host;
	s->dir = str_fmt("%s/.cmigrate-%s", root, batch);
	s->container = NULL;
	s->batch = str_dup(batch);
}

void state_dir_init_root(struct state_dir *s, struct host *host, const char *bundle_root)
{
	*s = (struct state_dir){.host = host, .dir = str_fmt("%s/.cmigrate", bundle_root)};
}

void state_dir_clear(struct state_dir *s)
{
	free(s->dir);
	free(s->container);
	free(s->batch);
	memset(s, 0, sizeof(*s));
}

static void name_dir(const struct state_dir *s, struct argv *a)
{
	if (s->batch)
		argv_addf(a, "batch=%s", s->batch);
	else if (s->container)
		argv_addf(a, "container=%s", s->container);
}

static int start(const struct state_dir *s, const char *op, const char *file, const char *input,
		 struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_add(&a, "store");
	name_dir(s, &a);
	argv_addf(&a, "op=%s", op);
	argv_addf(&a, "file=%s", file);
	struct command cmd = {.argv = a.v,
			      .input = input,
			      .timeout_ms = STATE_DIR_TIMEOUT_MS,
			      .limit = STATE_DIR_LIMIT};
	return host_start(s->host, &cmd, job, err);
}

/* Asks and waits; -1 only if it could not even be tried. */
static int ask(const struct state_dir *s, const char *op, const char *file, const char *input,
	       struct job *job, struct err *err)
{
	if (start(s, op, file, input, job, err) < 0)
		return -1;
	job_wait(job);
	return 0;
}

static int change(const struct state_dir *s, const char *op, const char *file, const char *input,
		  struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	return ask(s, op, file, input, &job, err) < 0 ? -1 : job_failure(&job, err);
}

/* The answer to a request is that there is no such file, and no failure. */
static bool is_absent(const struct job *job)
{
	return !job->lost && !job->timed_out && job->status == STATUS_ABSENT;
}

int state_dir_read(const struct state_dir *s, const char *file, struct buf *ret, bool *ret_found,
		   struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	*ret_found = false;
	if (ask(s, "read", file, NULL, &job, err) < 0)
		return -1;
	if (is_absent(&job))
		return 0;
	if (job_failure(&job, err) < 0)
		return -1;
	*ret_found = true;
	buf_add(ret, buf_str(&job.out), job.out.len);
	return 0;
}

int state_dir_append(const struct state_dir *s, const char *file, const char *text, struct err *err)
{
	return change(s, "append", file, text, err);
}

int state_dir_note(const struct state_dir *s, const char *file, const char *text, struct err *err)
{
	return change(s, "note", file, text, err);
}

int state_dir_replace(const struct state_dir *s, const char *file, const char *text,
		      struct err *err)
{
	return change(s, "replace", file, text, err);
}

int state_dir_remove(const struct state_dir *s, const char *file, struct err *err)
{
	return change(s, "remove", file, NULL, err);
}

int state_dir_note_start(const struct state_dir *s, const char *file, const char *text,
			 struct job *job, struct err *err)
{
	return start(s, "note", file, text, job, err);
}

int state_dir_add(const struct state_dir *s, const char *file, const char *text, bool *ret_found,
		  struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	*ret_found = false;
	if (ask(s, "add", file, text, &job, err) < 0)
		return -1;
	if (is_absent(&job))
		return 0;
	*ret_found = job_failure(&job, err) == 0;
	return *ret_found ? 0 : -1;
}

int state_dir_tail_start(const struct state_dir *s, const char *file, size_t size, int timeout_ms,
			 struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_add(&a, "tail");
	name_dir(s, &a);
	argv_addf(&a, "file=%s", file);
	argv_addf(&a, "size=%zu", size);
	return host_start(
		s->host,
		&(struct command){.argv = a.v, .timeout_ms = timeout_ms, .limit = TAIL_LIMIT}, job,
		err);
}

bool state_dir_tailed(const struct job *job, struct buf *ret, size_t *ret_size)
{
	const char *text = buf_str(&job->out);
	char *end;
	unsigned long long size = strtoull(text, &end, 10);

	if (job->state != JOB_DONE || job->lost || job->timed_out || job->status != 0 ||
	    job->truncated || end == text || *end != '\n' || size > TAIL_LIMIT)
		return false;
	end++;
	buf_add(ret, end, job->out.len - (size_t)(end - text));
	*ret_size = (size_t)size;
	return true;
}
