/* SPDX-License-Identifier: MIT */
/* copy: the container that a restore has made: whole, ended, or erased. */
#include "cmigrate/criu/runtime.h"

#define QUICK_MS 10000
/* delete --force waits up to 10 s for a cgroup; the erase has a limit of its own. */
#define ERASE_MS 20000

static int ask(const struct runtime *rt, const char *verb, const char *op, int timeout_ms,
	       struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	char *argv[] = {(char *)verb, container, (char *)op, NULL};

	return host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = timeout_ms}, err);
}

int runtime_erase(const struct runtime *rt, struct err *err)
{
	return ask(rt, "erase", "op=all", ERASE_MS, err);
}

int runtime_end_copy(const struct runtime *rt, struct err *err)
{
	return ask(rt, "erase", "op=end", ERASE_MS, err);
}

int runtime_is_whole(const struct runtime *rt, struct err *err)
{
	return ask(rt, "whole", NULL, QUICK_MS, err);
}
