/* SPDX-License-Identifier: MIT */
#include "cmigrate/tmpfs.h"

#include <string.h>

#include "cmigrate/script.h"

#define QUICK_MS 10000

static int start(const struct runtime *rt, const struct argv *a, struct job *job, struct err *err)
{
	CLEANUP_FREE char *shown = script_shown(a);

	return host_start(rt->host,
			  &(struct command){.argv = a->v, .shown = shown, .timeout_ms = QUICK_MS},
			  job, err);
}

static int run(const struct runtime *rt, const struct argv *a, struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	if (start(rt, a, &job, err) < 0)
		return -1;
	job_wait(&job);
	return job_failure(&job, err);
}

int tmpfs_save(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_tmpfs, "save", rt->run, rt->images, rt->name, NULL);
	return run(rt, &a, err);
}

int tmpfs_same_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_tmpfs, "same", rt->run, rt->images, rt->name, NULL);
	return start(rt, &a, job, err);
}

bool tmpfs_changed(const struct job *same)
{
	return strcmp(buf_str(&same->out), "changed\n") == 0;
}

int tmpfs_refill(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_refill, rt->run, rt->images, NULL);
	return run(rt, &a, err);
}
