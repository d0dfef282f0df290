/* SPDX-License-Identifier: MIT */
/* going_on: prepares a frozen container for going on, whoever holds its processes. */
#include "cmigrate/criu/runtime.h"
#include "cmigrate/host/script.h"

#define QUICK_MS 10000

int runtime_note_going_on(const struct runtime *rt, bool *ret, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *out = NULL;

	script_argv(&a, &script_loose, "note", rt->name, rt->run, NULL);
	struct command cmd = {.argv = a.v, .timeout_ms = QUICK_MS};
	if (host_output(rt->host, &cmd, &out, err) < 0)
		return -1;
	*ret = out && *out;
	return 0;
}

bool runtime_went_on(const struct runtime *rt)
{
	CLEANUP_FREE char *note = str_fmt("%s/went-on", rt->run);
	char *argv[] = {"test", "-e", note, NULL};
	struct err unused = ERR_INIT;

	return !rt->host->fenced &&
	       host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS},
			&unused) == 0;
}

int runtime_loosen(const struct runtime *rt, const char *freezer, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	if (!freezer)
		return 0;
	script_argv(&a, &script_loose, "thaw", rt->name, freezer, NULL);
	return host_run(rt->host, &(struct command){.argv = a.v, .timeout_ms = QUICK_MS}, err);
}
