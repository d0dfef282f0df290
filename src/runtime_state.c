/* SPDX-License-Identifier: MIT */
#include "cmigrate/runtime_state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/document.h"

#define QUICK_MS 10000
/* Where runc keeps the state of root's containers (runc(8), --root). */
#define RUNC_ROOT "/run/runc"
#define CGROUPS "/sys/fs/cgroup/"

/* Below the cgroups, one line, no way up: it is going to be written to. */
static bool is_cgroup(const char *path)
{
	if (strncmp(path, CGROUPS, strlen(CGROUPS)) != 0 || strstr(path, "/.."))
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

static char *freezer_of(const json_t *paths)
{
	const char *v1 = json_string_value(json_object_get(paths, "freezer"));
	const char *v2 = json_string_value(json_object_get(paths, ""));

	if (v1 && is_cgroup(v1))
		return str_fmt("%s/freezer.state", v1);
	if (v2 && is_cgroup(v2))
		return str_fmt("%s/cgroup.freeze", v2);
	return NULL;
}

void runtime_state_parse(const char *text, struct runtime_state *ret)
{
	json_t *state = json_loads(text, 0, NULL);
	json_t *list = json_object_get(state, "external_descriptors");

	*ret = (struct runtime_state){0};
	if (json_is_array(list))
		ret->descriptors = json_dumps(list, JSON_COMPACT);
	ret->freezer = freezer_of(json_object_get(state, "cgroup_paths"));
	json_decref(state);
}

void runtime_state_read(const struct runtime *rt, struct runtime_state *ret)
{
	CLEANUP_FREE char *path = str_fmt(RUNC_ROOT "/%s/state.json", rt->name);
	CLEANUP_FREE char *text = NULL;
	char *argv[] = {"cat", path, NULL};
	struct err unused = ERR_INIT;

	*ret = (struct runtime_state){0};
	if (host_output(rt->host,
			&(struct command){.argv = argv, .timeout_ms = QUICK_MS, .silent = true},
			&text, &unused) == 0 &&
	    text)
		runtime_state_parse(text, ret);
}

char *runtime_state_freezer_here(const char *name)
{
	CLEANUP_FREE char *path = str_fmt(RUNC_ROOT "/%s/state.json", name);
	struct err unused = ERR_INIT;
	json_t *state = document_load(path, &unused);
	char *freezer = freezer_of(json_object_get(state, "cgroup_paths"));

	json_decref(state);
	return freezer;
}

void runtime_state_clear(struct runtime_state *state)
{
	free(state->descriptors);
	free(state->freezer);
	*state = (struct runtime_state){0};
}
