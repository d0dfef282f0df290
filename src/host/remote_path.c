/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/remote_path.h"

#include <stdint.h>
#include <stdlib.h>

/* An NFS server may have to come back first. */
#define LOOK_MS 15000

static int look(struct host *host, char *option, const char *path, bool *ret, struct err *err)
{
	char *argv[] = {"test", option, (char *)(uintptr_t)path, NULL};
	CLEANUP_JOB struct job job = {0};

	if (host_start(host, &(struct command){.argv = argv, .timeout_ms = LOOK_MS}, &job, err) < 0)
		return -1;
	job_wait(&job);
	/* test(1) exits with 1 for "no". */
	if (job.lost || job.timed_out || job.status > 1)
		return job_failure(&job, err);
	*ret = job.status == 0;
	return 0;
}

int path_is_directory(struct host *host, const char *path, bool *ret, struct err *err)
{
	return look(host, "-d", path, ret, err);
}

int path_bytes(struct host *host, const char *path, uint64_t *ret, struct err *err)
{
	char *argv[] = {"du", "-sk", (char *)(uintptr_t)path, NULL};
	CLEANUP_FREE char *out = NULL;

	if (host_output(host, &(struct command){.argv = argv, .timeout_ms = LOOK_MS}, &out, err) <
	    0)
		return -1;
	*ret = out ? strtoull(out, NULL, 10) * 1024 : 0;
	return 0;
}

int path_exists(struct host *host, const char *path, bool *ret, struct err *err)
{
	return look(host, "-e", path, ret, err);
}
