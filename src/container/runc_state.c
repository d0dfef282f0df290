/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/runc_state.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/json.h"
#include "cmigrate/base/str.h"

json_t *runc_state_load(const char *name)
{
	CLEANUP_FREE char *path = str_fmt(RUNC_ROOT "/%s/state.json", name);
	struct err unused = ERR_INIT;

	return json_read_file(path, &unused);
}

/* A label (libcontainer/specconv) has it as "bundle=PATH". */
static const char *bundle_of(const json_t *state)
{
	static const char key[] = "bundle=";
	const json_t *labels = json_object_get(json_object_get(state, "config"), "labels"), *label;
	size_t i;

	json_array_foreach (labels, i, label) {
		const char *text = json_string_value(label);
		if (text && str_starts(text, key))
			return text + strlen(key);
	}
	return NULL;
}

char *runc_state_bundle(const char *name)
{
	json_t *state = runc_state_load(name);
	char *bundle = str_dup(bundle_of(state));

	json_decref(state);
	return bundle;
}
