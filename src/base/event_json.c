/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/event_json.h"

#include <stdlib.h>
#include <string.h>

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
	bool kept; /* not part of the output of --json */
} kinds[] = {
	[EVENT_STEP_BEGIN] = {"begin", name_fields, true},
	[EVENT_STEP_END] = {"step", step_fields, false},
	[EVENT_UNDO] = {"undo", name_fields, false},
	[EVENT_PROGRESS] = {"progress", progress_fields, false},
	[EVENT_NOTE] = {"note", note_fields, false},
};

static double at_least_0(double ms)
{
	return ms > 0 ? ms : 0;
}

json_t *event_kept_json(const struct event *event)
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

json_t *event_json(const struct event *event)
{
	return kinds[event->kind].kept ? NULL : event_kept_json(event);
}

/* Both are shown on a terminal. */
static void mask(struct event *event)
{
	char *texts[] = {(char *)(uintptr_t)event->name, (char *)(uintptr_t)event->text};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i])
			str_mask(texts[i]);
}

int event_read(const json_t *object, struct event *ret)
{
	const char *word = json_string_value(json_object_get(object, "event"));
	struct err bad = ERR_INIT;

	for (size_t i = 0; word && i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct event event = {.kind = (enum event_kind)i};
		if (!kinds[i].word || strcmp(kinds[i].word, word) != 0)
			continue;
		bool read = fields_read(kinds[i].fields, &event, object, "event", &bad) == 0;
		if (!read || !(event.kind == EVENT_NOTE ? event.text : event.name)) {
			event_clear(&event);
			return -1;
		}
		event.at_ms = at_least_0(event.at_ms);
		event.ms = at_least_0(event.ms);
		if (event.kind == EVENT_STEP_END)
			event.at_ms += event.ms;
		mask(&event);
		*ret = event;
		return 0;
	}
	return -1;
}

void event_clear(struct event *event)
{
	if (kinds[event->kind].fields)
		fields_clear(kinds[event->kind].fields, event);
}
