/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/container_tmpfs.h"

#include <string.h>

#define QUICK_MS 10000

int tmpfs_save(const struct runtime *rt, bool *saved, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *out = NULL;

	runtime_request(&a, rt, "tmpfs");
	argv_add(&a, "op=save");
	if (host_output(rt->host, &(struct command){.argv = a.v, .timeout_ms = QUICK_MS}, &out,
			err) < 0)
		return -1;
	*saved = strcmp(out, "saved\n") == 0;
	return 0;
}

int tmpfs_same_start(const struct runtime *rt, int timeout_ms, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "tmpfs");
	argv_add(&a, "op=same");
	return host_start(rt->host, &(struct command){.argv = a.v, .timeout_ms = timeout_ms}, job,
			  err);
}

bool tmpfs_changed(const struct job *same)
{
	return strcmp(buf_str(&same->out), "changed\n") == 0;
}

int tmpfs_refill(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "refill");
	return host_run(rt->host, &(struct command){.argv = a.v, .timeout_ms = QUICK_MS}, err);
}
