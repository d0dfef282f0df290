/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/summary.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/fields.h"
#include "cmigrate/base/str.h"

static const struct field summary_fields[] = {
	FIELD(struct summary, container, FIELD_TEXT),
	FIELD(struct summary, source, FIELD_TEXT),
	FIELD(struct summary, destination, FIELD_TEXT),
	FIELD(struct summary, strategy, FIELD_TEXT),
	FIELD(struct summary, outcome, FIELD_TEXT),
	FIELD(struct summary, exit_code, FIELD_CODE),
	FIELD(struct summary, outage_ms, FIELD_MS),
	FIELD(struct summary, freeze_ms, FIELD_MS),
	FIELD(struct summary, predicted_freeze_ms, FIELD_MS),
	FIELD(struct summary, undone_by, FIELD_TEXT),
	FIELD(struct summary, total_ms, FIELD_MS),
	FIELD(struct summary, freeze_start_ms, FIELD_MS),
	FIELD(struct summary, drain_ms, FIELD_MS),
	FIELD(struct summary, stall_ms, FIELD_MS),
	FIELD(struct summary, memory_bytes, FIELD_SIZE),
	FIELD(struct summary, image_bytes, FIELD_SIZE),
	FIELD(struct summary, checkpoint, FIELD_SAID),
	FIELD(struct summary, packets, FIELD_TEXT),
	FIELD(struct summary, way_back, FIELD_TEXT),
	FIELD(struct summary, answered_by, FIELD_TEXT),
	FIELD(struct summary, error, FIELD_TEXT),
	FIELD(struct summary, cause, FIELD_TEXT),
	FIELD(struct summary, check, FIELD_TEXT),
	FIELD(struct summary, lost_host, FIELD_TEXT),
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
	FIELD(struct pre_copy_pass, pages, FIELD_COUNT),
	FIELD(struct pre_copy_pass, bytes, FIELD_COUNT),
	FIELD(struct pre_copy_pass, ms, FIELD_MS),
	{.key = NULL},
};

void summary_step_add(struct summary *s, const char *name, double start_ms, double ms, bool frozen)
{
	s->steps = mem_grow(s->steps, s->n_steps + 1, sizeof(*s->steps));
	s->steps[s->n_steps++] = (struct summary_step){str_dup(name), start_ms, ms, frozen};
}

void summary_set_error(struct summary *s, const struct err *err)
{
	str_set(&s->error, *err->msg ? err->msg : NULL);
	str_set(&s->cause, *err->msg ? err_cause_word(err->cause) : NULL);
	str_set(&s->check, err->check);
	str_set(&s->lost_host, *err->host ? err->host : NULL);
}

void summary_refuse(struct summary *s, const struct err *err)
{
	str_set(&s->outcome, "refused");
	s->exit_code = (int)err->code;
	summary_set_error(s, err);
}

bool summary_has_cause(const struct summary *s, enum err_cause cause)
{
	const char *word = err_cause_word(cause);

	return word && s->cause && strcmp(s->cause, word) == 0;
}

void summary_clear(struct summary *s)
{
	fields_clear(summary_fields, s);
	for (size_t i = 0; i < s->n_steps; i++)
		free(s->steps[i].name);
	free(s->steps);
	free(s->passes);
	warnings_clear(&s->warnings);
	memset(s, 0, sizeof(*s));
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
	(void)json_object_set_new(object, "warnings", warnings_json(&s->warnings));
	(void)json_object_set_new(object, "steps", steps);
	(void)json_object_set_new(object, "passes", passes);
	return object;
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
		s->passes[i] = (struct pre_copy_pass){0};
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
		status = warnings_read(json_object_get(object, "warnings"), &s.warnings, err);
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
