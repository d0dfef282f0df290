/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

#define MOMENT 1763768000 /* 2025-11-21T23:33:20Z */

static char *text_of(const struct record *r)
{
	json_t *object = record_json(r);
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));

	json_decref(object);
	return text;
}

static void there_and_back(void **state)
{
	struct record r = sample("20251121T233320-0badcafe", "moved", MOMENT), back = {0};
	struct err err = ERR_INIT;

	(void)state;
	str_set(&r.settled, "2025-11-21T23:40:00Z");
	str_set(&r.settled_on, "rhel03");
	str_set(&r.logs, "/runc/containers/web/.cmigrate/logs-1");
	CLEANUP_FREE char *text = text_of(&r);
	assert_null(strstr(text, "\"event\""));
	assert_non_null(strstr(text, "\"started\":\"2025-11-21T23:33:20Z\""));
	json_t *object = json_loads(text, 0, NULL);
	assert_int_equal(record_read(object, &back, &err), 0);
	json_decref(object);
	CLEANUP_FREE char *again = text_of(&back);
	assert_string_equal(text, again);
	assert_int_equal(back.started_s, MOMENT);
	assert_int_equal(back.outcome, OUTCOME_MOVED);
	record_clear(&r);
	record_clear(&back);
}

/* Replaces one field of a good record (value NULL: removes it) and expects a refusal. */
static void invalid_records_are_refused(void **state)
{
	static const struct {
		const char *key, *value, *wanted;
	} rows[] = {
		{"id", NULL, "has no id"},
		{"id", "\"../x\"", "'id' of a record"},
		{"id", "\"a b\"", "'id' of a record"},
		{"id", "7", "'id' of a record has the wrong type"},
		{"started", NULL, "'started' of a record is not a time"},
		{"started", "\"yesterday\"", "'started' of a record is not a time"},
		{"settled", "\"2025\"", "'settled' of a record is not a time"},
		{"container", NULL, "lacks a name"},
		{"container", "\"<b>\"", "name"},
		{"source", "\"-oProxyCommand=x\"", "'source' of a record"},
		{"destination", "\"a b\"", "'destination' of a record"},
		{"destination", "null", "lacks a name"},
		{"controller", "\"a\\nb\"", "'controller' of a record"},
		{"settled_on", "\"\"", "'settled_on' of a record"},
		{"outcome", "\"refused\"", "'outcome' of a record is unknown: 'refused'"},
		{"outcome", NULL, "'outcome' of a record is unknown"},
		{"strategy", NULL, "lacks a name"},
		{"logs", "\"/a/../b\"", "'logs' of a record"},
		{"outage_ms", "-1", "'outage_ms'"},
		{"steps", "[{\"name\":\"x\"}]", "a step"},
		{"warnings", "[{}]", "a warning has no check"},
		{"hold",
		 "\"1234567890123456789012345678901234567890123456789012345678901234567890\"",
		 "'hold' of a record is too long"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *object = sample_json("a-1", "moved", MOMENT);
		struct record r = {.outcome = OUTCOME_LOST};
		struct err err = ERR_INIT;
		if (rows[i].value)
			json_object_set_new(object, rows[i].key,
					    json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		else
			json_object_del(object, rows[i].key);
		if (record_read(object, &r, &err) == 0)
			fail_msg("%s = %s was taken", rows[i].key, rows[i].value);
		if (!strstr(err.msg, rows[i].wanted))
			fail_msg("%s = %s gave '%s'", rows[i].key, rows[i].value, err.msg);
		assert_int_equal(err.code, EXIT_USAGE);
		assert_int_equal(r.outcome, OUTCOME_LOST);
		assert_null(r.id);
		json_decref(object);
	}
}

static void more_steps_than_there_can_be(void **state)
{
	json_t *object = sample_json("a-1", "moved", MOMENT);
	struct record r = {0};
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 100; i++)
		json_array_append(json_object_get(object, "steps"),
				  json_array_get(json_object_get(object, "steps"), 0));
	assert_int_equal(record_read(object, &r, &err), -1);
	json_decref(object);
}

static void control_bytes_are_masked(void **state)
{
	json_t *object = sample_json("a-1", "undone", MOMENT);
	struct record r = {0};
	struct err err = ERR_INIT;

	(void)state;
	json_object_set_new(object, "error", json_string("a\033[2Jb\nc"));
	json_object_set_new(json_array_get(json_object_get(object, "steps"), 0), "name",
			    json_string("pre\rpare"));
	assert_int_equal(record_read(object, &r, &err), 0);
	assert_string_equal(r.summary.error, "a?[2Jb?c");
	assert_string_equal(r.summary.steps[0].name, "pre?pare");
	record_clear(&r);
	json_decref(object);
}

/* A line stays within its limit, whatever a host answered. */
static void a_long_record_loses_its_steps(void **state)
{
	struct record r = sample("a-1", "moved", MOMENT);
	char *answer = mem_new(RECORD_MAX + 1, 1);

	(void)state;
	memset(answer, 'x', RECORD_MAX);
	free(r.summary.answered_by);
	r.summary.answered_by = answer;
	CLEANUP_FREE char *text = text_of(&r);
	assert_true(strlen(text) < RECORD_MAX);
	assert_non_null(strstr(text, "\"steps\":[]"));
	assert_non_null(strstr(text, "\"outage_ms\":133.5"));
	record_clear(&r);
}

/* The warnings are the last that goes: nothing else says what was lost. */
static void a_long_record_keeps_the_ids_of_its_warnings(void **state)
{
	CLEANUP_FREE char *message = mem_new(ERR_SIZE, 1);

	(void)state;
	memset(message, 'x', ERR_SIZE - 1);
	for (int n = 1; n < 10; n += 8) {
		struct record r = sample("a-1", "moved", MOMENT);
		for (int i = 0; i < n; i++)
			warnings_add(&r.summary.warnings, "timers", message, "set it anew");
		for (int i = 0; i < 60; i++)
			summary_step_add(&r.summary, message, 1, 1, false);
		CLEANUP_FREE char *text = text_of(&r);
		assert_true(strlen(text) < RECORD_MAX);
		assert_non_null(strstr(text, "\"steps\":[]"));
		assert_non_null(strstr(text, "{\"check\":\"timers\""));
		assert_int_equal(strstr(text, message) != NULL, n == 1);
		record_clear(&r);
	}
}

static void settled_by_recovery(void **state)
{
	struct record r = sample("a-1", "in-doubt", MOMENT), by = sample("a-1", "undone", MOMENT);

	(void)state;
	by.summary.outage_ms = -1;
	by.summary.exit_code = 4;
	str_set(&by.controller, NULL);
	str_set(&r.summary.error, "no answer");
	str_set(&by.settled, "2025-11-21T23:40:00Z");
	warnings_add(&r.summary.warnings, "timers", "it may stop", NULL);
	record_settle(&r, &by);
	assert_int_equal(r.outcome, OUTCOME_UNDONE);
	assert_string_equal(r.summary.outcome, "undone");
	assert_int_equal(r.summary.exit_code, 4);
	assert_string_equal(r.summary.error, "no answer");
	assert_string_equal(r.controller, "rhel01");
	assert_string_equal(r.settled, "2025-11-21T23:40:00Z");
	assert_true(r.summary.outage_ms > 133);
	assert_int_equal(r.summary.warnings.n, 1);
	record_clear(&r);
	record_clear(&by);
}

static void names_of_a_record(void **state)
{
	struct record r = sample("20251121T233320-0badcafe", "moved", MOMENT);

	(void)state;
	assert_true(record_is(&r, "20251121T233320-0badcafe"));
	assert_true(record_is(&r, "0badcafe"));
	assert_false(record_is(&r, "badcafe"));
	assert_false(record_is(&r, ""));
	record_clear(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(invalid_records_are_refused),
		cmocka_unit_test(more_steps_than_there_can_be),
		cmocka_unit_test(control_bytes_are_masked),
		cmocka_unit_test(a_long_record_loses_its_steps),
		cmocka_unit_test(a_long_record_keeps_the_ids_of_its_warnings),
		cmocka_unit_test(settled_by_recovery),
		cmocka_unit_test(names_of_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
