/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/cgroup_freezer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/container/runc_state.h"

#define QUICK_MS 10000
#define CGROUPS "/sys/fs/cgroup/"

/* The path will be written to, so it must be below the cgroups, on one line, without "..". */
static bool is_cgroup(const char *path)
{
	if (strncmp(path, CGROUPS, strlen(CGROUPS)) != 0 || strstr(path, "/.."))
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

static char *freezer_of(const json_t *state)
{
	const json_t *paths = json_object_get(state, "cgroup_paths");
	const char *v1 = json_string_value(json_object_get(paths, "freezer"));
	const char *v2 = json_string_value(json_object_get(paths, ""));

	if (v1 && is_cgroup(v1))
		return str_fmt("%s/freezer.state", v1);
	if (v2 && is_cgroup(v2))
		return str_fmt("%s/cgroup.freeze", v2);
	return NULL;
}

char *cgroup_freezer_parse(const char *text)
{
	json_t *state = json_loads(text, 0, NULL);
	char *freezer = freezer_of(state);

	json_decref(state);
	return freezer;
}

char *cgroup_freezer_find(struct host *host, const char *name)
{
	CLEANUP_FREE char *path = str_fmt(RUNC_ROOT "/%s/state.json", name);
	CLEANUP_FREE char *text = NULL;
	char *argv[] = {"cat", path, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = QUICK_MS};
	struct err unused = ERR_INIT;

	return host_output(host, &cmd, &text, &unused) == 0 && text ? cgroup_freezer_parse(text)
								    : NULL;
}

char *cgroup_freezer_here(const char *name)
{
	json_t *state = runc_state_load(name);
	char *freezer = freezer_of(state);

	json_decref(state);
	return freezer;
}
