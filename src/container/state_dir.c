/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/state_dir.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/protocol/status.h"

#define STATE_DIR_TIMEOUT_MS 15000
#define STATE_DIR_LIMIT (1024 * 1024)

void state_dir_init(struct state_dir *s, struct host *host, const char *bundle_dir)
{
	const char *slash = strrchr(bundle_dir, '/');

	s->host = host;
	s->dir = str_fmt("%s/.cmigrate", bundle_dir);
	s->container = str_dup(slash ? slash + 1 : bundle_dir);
}

void state_dir_init_root(struct state_dir *s, struct host *host, const char *bundle_root)
{
	*s = (struct state_dir){.host = host, .dir = str_fmt("%s/.cmigrate", bundle_root)};
}

void state_dir_clear(struct state_dir *s)
{
	free(s->dir);
	free(s->container);
	memset(s, 0, sizeof(*s));
}

/* Asks and waits; -1 only if it could not even be tried. */
static int ask(const struct state_dir *s, const char *op, const char *file, const char *input,
	       struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_add(&a, "store");
	if (s->container)
		argv_addf(&a, "container=%s", s->container);
	argv_addf(&a, "op=%s", op);
	argv_addf(&a, "file=%s", file);
	struct command cmd = {.argv = a.v,
			      .input = input,
			      .timeout_ms = STATE_DIR_TIMEOUT_MS,
			      .limit = STATE_DIR_LIMIT};
	if (host_start(s->host, &cmd, job, err) < 0)
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

int state_dir_read(const struct state_dir *s, const char *file, struct buf *ret, bool *ret_found,
		   struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	*ret_found = false;
	if (ask(s, "read", file, NULL, &job, err) < 0)
		return -1;
	if (!job.lost && !job.timed_out && job.status == STATUS_ABSENT)
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
