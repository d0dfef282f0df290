/* SPDX-License-Identifier: MIT */
#include "event_json.h"

#include <stddef.h>

/* Thirty years: what is beyond is no duration. */
#define MS_MAX 1e12

/* jansson takes UTF-8 only; a host may have said anything. */
static void set_text(json_t *object, const char *key, const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	(void)json_object_set_new(object, key, value ? value : json_string("?"));
}

static void set_ms(json_t *object, const char *key, double ms)
{
	double tenths = ms > 0 && ms < MS_MAX ? (double)(int64_t)(ms * 10 + 0.5) : 0;

	(void)json_object_set_new(object, key, json_real(tenths / 10));
}

static void set_count(json_t *object, const char *key, uint64_t n)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)n));
}

static json_t *of_kind(const char *kind)
{
	json_t *object = json_object();

	set_text(object, "event", kind);
	return object;
}

static json_t *named(const char *kind, const struct event *event)
{
	json_t *object = of_kind(kind);

	set_text(object, "name", event->name);
	return object;
}

static json_t *step(const struct event *event)
{
	json_t *object = named("step", event);

	set_ms(object, "start_ms", event->at_ms - event->ms);
	set_ms(object, "ms", event->ms);
	if (event->text)
		set_text(object, "text", event->text);
	return object;
}

static json_t *progress(const struct event *event)
{
	json_t *object = named("progress", event);

	set_ms(object, "at_ms", event->at_ms);
	set_count(object, "bytes", event->bytes);
	set_count(object, "bytes_second", event->bytes_second);
	set_count(object, "pages", event->pages);
	return object;
}

static json_t *note(const struct event *event)
{
	json_t *object = of_kind("note");

	set_text(object, "text", event->text);
	return object;
}

json_t *event_json(const struct event *event)
{
	switch (event->kind) {
	case EVENT_STEP_END:
		return step(event);
	case EVENT_UNDO:
		return named("undo", event);
	case EVENT_PROGRESS:
		return progress(event);
	case EVENT_NOTE:
		return note(event);
	case EVENT_COMMAND:
	case EVENT_STEP_BEGIN:
		break;
	}
	return NULL;
}
