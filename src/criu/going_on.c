/* SPDX-License-Identifier: MIT */
/* going_on: prepares a frozen container for going on, whoever holds its processes. */
#include "cmigrate/criu/runtime.h"

#define QUICK_MS 10000

int runtime_note_going_on(const struct runtime *rt, bool *ret, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	CLEANUP_FREE char *out = NULL;
	char *argv[] = {"going-on", container, NULL};

	struct command cmd = {.argv = argv, .timeout_ms = QUICK_MS};
	if (host_output(rt->host, &cmd, &out, err) < 0)
		return -1;
	*ret = out && *out;
	return 0;
}

int runtime_went_on(const struct runtime *rt)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	CLEANUP_JOB struct job job = {0};
	char *argv[] = {"went-on", container, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = QUICK_MS};
	struct err unused = ERR_INIT;

	if (rt->host->fenced)
		return 0;
	if (host_start(rt->host, &cmd, &job, &unused) < 0)
		return -1;
	job_wait(&job);
	if (job.lost || job.timed_out || job.status > 1)
		return -1;
	return job.status == 0;
}

int runtime_break_off(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "break-off");
	return host_run(rt->host, &(struct command){.argv = a.v, .timeout_ms = QUICK_MS}, err);
}

int runtime_loosen(const struct runtime *rt, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	char *argv[] = {"loosen", container, NULL};

	return host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS}, err);
}
