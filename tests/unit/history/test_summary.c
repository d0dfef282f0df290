/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmigrate/base/str.h"
#include "cmigrate/history/summary.h"

static void fill(struct summary *s)
{
	*s = (struct summary){
		.container = str_dup("rhel7-httpd"),
		.source = str_dup("rhel01"),
		.destination = str_dup("rhel02"),
		.strategy = str_dup("cold"),
		.outcome = str_dup("moved"),
		.outage_ms = 74.0499,
		.freeze_ms = 69.06,
		.total_ms = 4012,
		.freeze_start_ms = 3050.5,
		.drain_ms = 310.5,
		.stall_ms = -1,
		.memory_bytes = 188743680,
		.packets = str_dup("queued"),
		.way_back = str_dup("source"),
		.answered_by = str_dup("HTTP/1.0 200 OK"),
	};
	summary_step_add(s, "pause", 3050.5, 4.1, true);
	summary_step_add(s, "answer", 3119.6, 6, false);
	s->passes = mem_grow(NULL, 2, sizeof(*s->passes));
	s->n_passes = 2;
	s->passes[0] = (struct pre_copy_pass){58000, 237568000, 2100.25};
	s->passes[1] = (struct pre_copy_pass){91, 372736, 40};
}

static char *text_of(const struct summary *s)
{
	json_t *object = summary_json(s);
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));

	json_decref(object);
	return text;
}

/* Reads a text; an error goes to err. */
static int read_text(const char *text, struct summary *ret, struct err *err)
{
	json_t *object = json_loads(text, JSON_ALLOW_NUL, NULL);

	assert_non_null(object);
	int status = summary_read(object, ret, err);
	json_decref(object);
	return status;
}

static void as_json(void **state)
{
	struct summary s;

	(void)state;
	fill(&s);
	CLEANUP_FREE char *text = text_of(&s);
	assert_string_equal(
		text,
		"{\"event\":\"summary\",\"container\":\"rhel7-httpd\",\"source\":\"rhel01\","
		"\"destination\":\"rhel02\",\"strategy\":\"cold\",\"outcome\":\"moved\","
		"\"exit_code\":0,\"outage_ms\":74.0,\"freeze_ms\":69.1,\"total_ms\":4012.0,"
		"\"freeze_start_ms\":3050.5,\"drain_ms\":310.5,\"stall_ms\":null,\"memory_bytes\":"
		"188743680,\"packets\":\"queued\","
		"\"way_back\":\"source\",\"answered_by\":\"HTTP/1.0 200 OK\",\"error\":null,"
		"\"cause\":null,\"check\":null,\"lost_host\":null,"
		"\"steps\":[{\"name\":\"pause\",\"start_ms\":3050.5,\"ms\":4.1,\"frozen\":true},"
		"{\"name\":\"answer\",\"start_ms\":3119.6,\"ms\":6.0,\"frozen\":false}],"
		"\"passes\":[{\"pages\":58000,\"bytes\":237568000,\"ms\":2100.3},"
		"{\"pages\":91,\"bytes\":372736,\"ms\":40.0}]}");
	summary_clear(&s);
}

static void there_and_back(void **state)
{
	struct err err = ERR_INIT;
	struct summary s, back;

	(void)state;
	fill(&s);
	str_set(&s.error, "dump failed");
	s.exit_code = EXIT_UNDONE;
	CLEANUP_FREE char *text = text_of(&s);
	assert_int_equal(read_text(text, &back, &err), 0);
	CLEANUP_FREE char *again = text_of(&back);
	assert_string_equal(text, again);
	assert_int_equal(back.exit_code, EXIT_UNDONE);
	assert_true(back.steps[0].frozen);
	summary_clear(&s);
	summary_clear(&back);
}

/* Code that decides on the end of a move has fields for it. */
static void the_cause_of_an_error(void **state)
{
	struct summary s = {0};
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, EXIT_REFUSED, "port 80 is in use");
	(void)err_because_check(&err, "ports", false);
	summary_refuse(&s, &err);
	assert_string_equal(s.outcome, "refused");
	assert_int_equal(s.exit_code, EXIT_REFUSED);
	assert_string_equal(s.check, "ports");
	assert_true(summary_has_cause(&s, CAUSE_CHECK));
	assert_false(summary_has_cause(&s, CAUSE_GONE));
	(void)err_set(&err, EXIT_FAILED, "silence");
	(void)err_because_lost(&err, "rhel02");
	summary_set_error(&s, &err);
	assert_null(s.check);
	assert_string_equal(s.cause, "lost-host");
	assert_string_equal(s.lost_host, "rhel02");
	summary_set_error(&s, &(struct err)ERR_INIT);
	assert_null(s.error);
	assert_null(s.cause);
	assert_null(s.lost_host);
	assert_false(summary_has_cause(&s, CAUSE_NONE));
	summary_clear(&s);
}

static void unknown_values_are_null(void **state)
{
	struct err err = ERR_INIT;
	struct summary s = {.outage_ms = -1, .freeze_ms = -1, .freeze_start_ms = -1}, back;

	(void)state;
	s.total_ms = 1.0 / 0.0;
	CLEANUP_FREE char *text = text_of(&s);
	assert_non_null(strstr(text, "\"outage_ms\":null,\"freeze_ms\":null,\"total_ms\":null"));
	assert_non_null(strstr(text, "\"container\":null"));
	assert_int_equal(read_text(text, &back, &err), 0);
	assert_null(back.container);
	assert_true(back.outage_ms < 0 && back.freeze_start_ms < 0 && back.total_ms < 0);
	summary_clear(&back);
}

static void an_empty_one_and_keys_of_later_versions(void **state)
{
	struct err err = ERR_INIT;
	struct summary s;

	(void)state;
	assert_int_equal(read_text("{}", &s, &err), 0);
	assert_null(s.outcome);
	assert_true(s.outage_ms < 0);
	summary_clear(&s);
	assert_int_equal(read_text("{\"colour\":[1],\"outage_ms\":7}", &s, &err), 0);
	assert_true(s.outage_ms > 6.9 && s.outage_ms < 7.1);
	summary_clear(&s);
}

static void text_that_is_no_utf8(void **state)
{
	struct summary s = {.answered_by = str_dup("\xff\xfe")};

	(void)state;
	CLEANUP_FREE char *text = text_of(&s);
	assert_non_null(strstr(text, "\"answered_by\":\"?\""));
	summary_clear(&s);
}

static void wrong_types(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"[]", "a summary is not an object"},
		{"{\"container\":1}", "'container' of a summary has the wrong type"},
		{"{\"container\":\"a\\u0000b\"}", "'container' of a summary"},
		{"{\"outage_ms\":\"74\"}", "'outage_ms' of a summary has the wrong type"},
		{"{\"outage_ms\":-2}", "'outage_ms' of a summary"},
		{"{\"exit_code\":256}", "'exit_code' of a summary"},
		{"{\"memory_bytes\":-1}", "'memory_bytes' of a summary"},
		{"{\"memory_bytes\":1.5}", "'memory_bytes' of a summary"},
		{"{\"steps\":{}}", "'steps' of a summary is not a list"},
		{"{\"steps\":[1]}", "a step is not an object"},
		{"{\"steps\":[{\"name\":\"a\",\"ms\":1}]}", "a step has no name, start_ms or ms"},
		{"{\"steps\":[{\"name\":\"a\",\"start_ms\":1,\"ms\":1,\"frozen\":1}]}",
		 "'frozen' of a step has the wrong type"},
		{"{\"passes\":1}", "'passes' of a summary is not a list"},
		{"{\"container\":\"a\",\"passes\":[{\"pages\":\"1\"}]}", "'pages' of a pass"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct summary untouched = {.exit_code = 77};
		struct err err = ERR_INIT;
		assert_int_equal(read_text(rows[i].text, &untouched, &err), -1);
		assert_int_equal(err.code, EXIT_USAGE);
		if (!strstr(err.msg, rows[i].wanted))
			fail_msg("'%s' gave '%s'", rows[i].text, err.msg);
		assert_int_equal(untouched.exit_code, 77);
		assert_null(untouched.container);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_json),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(the_cause_of_an_error),
		cmocka_unit_test(unknown_values_are_null),
		cmocka_unit_test(an_empty_one_and_keys_of_later_versions),
		cmocka_unit_test(text_that_is_no_utf8),
		cmocka_unit_test(wrong_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
