/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/summary.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"

/* Thirty years: what is beyond is not a duration, and no infinity gets into JSON. */
#define MS_MAX 1e12

enum field_kind { FIELD_TEXT, FIELD_CODE, FIELD_MS, FIELD_SIZE, FIELD_COUNT, FIELD_FLAG };

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
};

#define FIELD(type, member, kind)                                                                  \
	{                                                                                          \
#member, kind, offsetof(type, member)                                              \
	}

static const struct field summary_fields[] = {
	FIELD(struct summary, container, FIELD_TEXT),
	FIELD(struct summary, source, FIELD_TEXT),
	FIELD(struct summary, destination, FIELD_TEXT),
	FIELD(struct summary, strategy, FIELD_TEXT),
	FIELD(struct summary, outcome, FIELD_TEXT),
	FIELD(struct summary, exit_code, FIELD_CODE),
	FIELD(struct summary, outage_ms, FIELD_MS),
	FIELD(struct summary, freeze_ms, FIELD_MS),
	FIELD(struct summary, total_ms, FIELD_MS),
	FIELD(struct summary, freeze_start_ms, FIELD_MS),
	FIELD(struct summary, memory_bytes, FIELD_SIZE),
	FIELD(struct summary, packets, FIELD_TEXT),
	FIELD(struct summary, answered_by, FIELD_TEXT),
	FIELD(struct summary, error, FIELD_TEXT),
	{.key = NULL},
};

static const struct field step_fields[] = {
	FIELD(struct summary_step, name, FIELD_TEXT),
	FIELD(struct summary_step, start_ms, FIELD_MS),
	FIELD(struct summary_step, ms, FIELD_MS),
	FIELD(struct summary_step, frozen, FIELD_FLAG),
	{.key = NULL},
};

static const struct field pass_fields[] = {
	FIELD(struct precopy_pass, pages, FIELD_COUNT),
	FIELD(struct precopy_pass, bytes, FIELD_COUNT),
	FIELD(struct precopy_pass, ms, FIELD_MS),
	{.key = NULL},
};

void summary_step_add(struct summary *s, const char *name, double start_ms, double ms, bool frozen)
{
	s->steps = mem_grow(s->steps, s->n_steps + 1, sizeof(*s->steps));
	s->steps[s->n_steps++] = (struct summary_step){str_dup(name), start_ms, ms, frozen};
}

void summary_clear(struct summary *s)
{
	for (const struct field *f = summary_fields; f->key; f++)
		if (f->kind == FIELD_TEXT)
			str_set((char **)(void *)((char *)s + f->offset), NULL);
	for (size_t i = 0; i < s->n_steps; i++)
		free(s->steps[i].name);
	free(s->steps);
	free(s->passes);
	memset(s, 0, sizeof(*s));
}

/* Negative is "not known". More digits than one would be noise, and unlike in a diff. */
static json_t *ms_json(double ms)
{
	if (!(ms >= 0 && ms <= MS_MAX))
		return json_null();
	return json_real((double)(int64_t)(ms * 10 + 0.5) / 10);
}

static json_t *text_json(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	/* jansson takes UTF-8 only; a host may have said anything. */
	return value ? value : json_string("?");
}

static json_t *field_json(const struct field *f, const void *base)
{
	const void *at = (const char *)base + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		return text_json(*(char *const *)at);
	case FIELD_CODE:
		return json_integer(*(const int *)at);
	case FIELD_MS:
		return ms_json(*(const double *)at);
	case FIELD_SIZE:
		return *(const uint64_t *)at ? json_integer((json_int_t) * (const uint64_t *)at)
					     : json_null();
	case FIELD_COUNT:
		return json_integer((json_int_t) * (const uint64_t *)at);
	case FIELD_FLAG:
		return json_boolean(*(const bool *)at);
	}
	return json_null();
}

static json_t *fields_json(const struct field *fields, const void *base, json_t *object)
{
	for (const struct field *f = fields; f->key; f++)
		(void)json_object_set_new(object, f->key, field_json(f, base));
	return object;
}

json_t *summary_json(const struct summary *s)
{
	json_t *object = json_object(), *steps = json_array(), *passes = json_array();

	(void)json_object_set_new(object, "event", json_string("summary"));
	(void)fields_json(summary_fields, s, object);
	for (size_t i = 0; i < s->n_steps; i++)
		(void)json_array_append_new(steps,
					    fields_json(step_fields, &s->steps[i], json_object()));
	for (size_t i = 0; i < s->n_passes; i++)
		(void)json_array_append_new(passes,
					    fields_json(pass_fields, &s->passes[i], json_object()));
	(void)json_object_set_new(object, "steps", steps);
	(void)json_object_set_new(object, "passes", passes);
	return object;
}

static int set_text(char **dest, const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != json_string_length(value))
		return -1;
	str_set(dest, text);
	return 0;
}

static int set_count(uint64_t *dest, const json_t *value)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	*dest = (uint64_t)json_integer_value(value);
	return 0;
}

static int set_code(int *dest, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || n > 255)
		return -1;
	*dest = (int)n;
	return 0;
}

static int set_ms(double *dest, const json_t *value)
{
	if (!json_is_number(value) || json_number_value(value) < 0 ||
	    json_number_value(value) > MS_MAX)
		return -1;
	*dest = json_number_value(value);
	return 0;
}

static int set_flag(bool *dest, const json_t *value)
{
	*dest = json_is_true(value);
	return json_is_boolean(value) ? 0 : -1;
}

static int field_read(const struct field *f, void *base, const json_t *value)
{
	void *at = (char *)base + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		return set_text(at, value);
	case FIELD_CODE:
		return set_code(at, value);
	case FIELD_MS:
		return set_ms(at, value);
	case FIELD_SIZE:
	case FIELD_COUNT:
		return set_count(at, value);
	case FIELD_FLAG:
		return set_flag(at, value);
	}
	return -1;
}

/* What is absent or null is not known: nothing, 0, and for moments -1. */
static int fields_read(const struct field *fields, void *base, const json_t *object,
		       const char *what, struct err *err)
{
	if (!json_is_object(object))
		return err_set(err, EXIT_USAGE, "%s is not an object", what);
	for (const struct field *f = fields; f->key; f++) {
		const json_t *value = json_object_get(object, f->key);
		if (f->kind == FIELD_MS)
			*(double *)(void *)((char *)base + f->offset) = -1;
		if (!value || json_is_null(value))
			continue;
		if (field_read(f, base, value) < 0)
			return err_set(err, EXIT_USAGE, "'%s' of %s is of a wrong type", f->key,
				       what);
	}
	return 0;
}

static int steps_read(struct summary *s, const json_t *list, struct err *err)
{
	const json_t *row;
	size_t i;

	if (list && !json_is_array(list))
		return err_set(err, EXIT_USAGE, "'steps' of a summary is not a list");
	json_array_foreach (list, i, row) {
		summary_step_add(s, NULL, 0, 0, false);
		struct summary_step *step = &s->steps[i];
		if (fields_read(step_fields, step, row, "a step", err) < 0)
			return -1;
		if (!step->name || step->start_ms < 0 || step->ms < 0)
			return err_set(err, EXIT_USAGE, "a step has no name, start_ms or ms");
	}
	return 0;
}

static int passes_read(struct summary *s, const json_t *list, struct err *err)
{
	const json_t *row;
	size_t i;

	if (list && !json_is_array(list))
		return err_set(err, EXIT_USAGE, "'passes' of a summary is not a list");
	json_array_foreach (list, i, row) {
		s->passes = mem_grow(s->passes, i + 1, sizeof(*s->passes));
		s->n_passes = i + 1;
		s->passes[i] = (struct precopy_pass){0};
		if (fields_read(pass_fields, &s->passes[i], row, "a pass", err) < 0)
			return -1;
	}
	return 0;
}

int summary_read(const json_t *object, struct summary *ret, struct err *err)
{
	struct summary s = {0};
	int status = fields_read(summary_fields, &s, object, "a summary", err);

	if (status == 0)
		status = steps_read(&s, json_object_get(object, "steps"), err);
	if (status == 0)
		status = passes_read(&s, json_object_get(object, "passes"), err);
	if (status == 0)
		*ret = s;
	else
		summary_clear(&s);
	return status;
}
