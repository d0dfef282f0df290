/* SPDX-License-Identifier: MIT */
#include "event_json.h"

#include "cmigrate/base/fields.h"

static const struct field name_fields[] = {
	FIELD(struct event, name, FIELD_TEXT),
	{.key = NULL},
};

static const struct field step_fields[] = {
	FIELD(struct event, name, FIELD_TEXT),
	FIELD_AS("start_ms", struct event, at_ms, FIELD_MS),
	FIELD(struct event, ms, FIELD_MS),
	FIELD(struct event, text, FIELD_SAID),
	{.key = NULL},
};

static const struct field progress_fields[] = {
	FIELD(struct event, name, FIELD_TEXT),	 FIELD(struct event, at_ms, FIELD_MS),
	FIELD(struct event, bytes, FIELD_COUNT), FIELD(struct event, bytes_second, FIELD_COUNT),
	FIELD(struct event, pages, FIELD_COUNT), {.key = NULL},
};

static const struct field note_fields[] = {
	FIELD(struct event, text, FIELD_TEXT),
	{.key = NULL},
};

static const struct {
	const char *word;
	const struct field *fields;
} kinds[] = {
	[EVENT_STEP_END] = {"step", step_fields},
	[EVENT_UNDO] = {"undo", name_fields},
	[EVENT_PROGRESS] = {"progress", progress_fields},
	[EVENT_NOTE] = {"note", note_fields},
};

static double at_least_0(double ms)
{
	return ms > 0 ? ms : 0;
}

json_t *event_json(const struct event *event)
{
	struct event shown = *event;

	if (!kinds[event->kind].word)
		return NULL;
	/* A step is reported when it ends. */
	if (event->kind == EVENT_STEP_END)
		shown.at_ms -= shown.ms;
	shown.at_ms = at_least_0(shown.at_ms);
	shown.ms = at_least_0(shown.ms);
	return fields_json(kinds[event->kind].fields, &shown,
			   json_pack("{s:s}", "event", kinds[event->kind].word));
}
