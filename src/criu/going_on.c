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

bool runtime_went_on(const struct runtime *rt)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	char *argv[] = {"went-on", container, NULL};
	struct err unused = ERR_INIT;

	return !rt->host->fenced &&
	       host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS},
			&unused) == 0;
}

int runtime_loosen(const struct runtime *rt, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	char *argv[] = {"loosen", container, NULL};

	return host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS}, err);
}
