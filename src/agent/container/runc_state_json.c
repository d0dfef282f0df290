/* SPDX-License-Identifier: MIT */
#include "runc_state_json.h"

#include <string.h>

#include "agent/request/json_scan.h"

static void add_member(struct buf *to, const char *name, const char *value)
{
	buf_printf(to, ",\"%s\":", name);
	json_scan_quote(to, value ? value : "");
}

/* runc keeps annotations as labels: "NAME=VALUE". */
static void add_annotations(struct buf *to, const struct runc_state *state)
{
	static const char *const shown[] = {"org.cmigrate.address=", "org.cmigrate.endpoint="};
	CLEANUP_ARGV struct argv labels = {0};
	const char *separator = "";

	buf_puts(to, ",\"annotations\":{");
	(void)json_scan_strings(state->text, state->len, "config.labels", &labels);
	for (size_t i = 0; i < labels.n; i++) {
		for (size_t j = 0; j < sizeof(shown) / sizeof(*shown); j++) {
			if (!str_starts(labels.v[i], shown[j]))
				continue;
			buf_printf(to, "%s\"%.*s\":", separator, (int)strlen(shown[j]) - 1,
				   shown[j]);
			json_scan_quote(to, labels.v[i] + strlen(shown[j]));
			separator = ",";
		}
	}
	buf_puts(to, "}");
}

void runc_state_json(struct buf *to, const struct runc_state *state)
{
	CLEANUP_FREE char *id = json_scan(state->text, state->len, "id");
	CLEANUP_FREE char *created = json_scan(state->text, state->len, "created");

	buf_printf(to, "{\"pid\":%d", (int)state->pid);
	add_member(to, "id", id);
	add_member(to, "status", state->status);
	add_member(to, "bundle", state->bundle);
	add_member(to, "created", created);
	add_annotations(to, state);
	buf_puts(to, "}");
}
