/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"
#include "cmigrate/check/warnings.h"

static int read_text(const char *text, struct warnings *ret, struct err *err)
{
	json_t *list = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(list);
	int status = warnings_read(list, ret, err);
	json_decref(list);
	return status;
}

static void those_of_the_checks(void **state)
{
	struct check_result rows[] = {
		{.id = "facts", .severity = CHECK_ERROR, .outcome = CHECK_OK},
		{.id = "gate",
		 .severity = CHECK_WARNING,
		 .outcome = CHECK_FAILED,
		 .message = (char[]){"no gate"},
		 .remedy = (char[]){"install one"}},
		{.id = "ports",
		 .severity = CHECK_ERROR,
		 .outcome = CHECK_FAILED,
		 .refuses = true,
		 .message = (char[]){"in use"}},
		{.id = "packets", .severity = CHECK_WARNING, .outcome = CHECK_SKIPPED},
		{.id = "timers",
		 .severity = CHECK_WARNING,
		 .outcome = CHECK_FAILED,
		 .refuses = true,
		 .message = (char[]){"it may stop"}},
	};
	struct check_results results = {rows, sizeof(rows) / sizeof(*rows)};
	struct warnings w = {0};

	(void)state;
	for (int again = 0; again < 2; again++)
		warnings_of(&results, &w);
	assert_int_equal(w.n, 2);
	assert_string_equal(w.rows[0].message, "no gate");
	assert_string_equal(w.rows[0].remedy, "install one");
	CLEANUP_FREE char *ids = warnings_ids(&w);
	assert_string_equal(ids, "gate,timers");
	warnings_clear(&w);
	CLEANUP_FREE char *none = warnings_ids(&w);
	assert_string_equal(none, "");
}

static void there_and_back(void **state)
{
	struct warnings w = {0}, back = {0};
	struct err err = ERR_INIT;

	(void)state;
	warnings_add(&w, "timers", "it may stop", "set it anew");
	warnings_add(&w, "gate", NULL, NULL);
	json_t *list = warnings_json(&w);
	CLEANUP_FREE char *text = json_dumps(list, JSON_COMPACT);
	assert_string_equal(
		text, "[{\"check\":\"timers\",\"message\":\"it may stop\",\"remedy\":\"set it "
		      "anew\"},{\"check\":\"gate\",\"message\":null,\"remedy\":null}]");
	assert_int_equal(warnings_read(list, &back, &err), 0);
	json_decref(list);
	assert_int_equal(back.n, 2);
	assert_string_equal(back.rows[0].remedy, "set it anew");
	assert_null(back.rows[1].message);
	warnings_clear(&w);
	warnings_clear(&back);
	/* Records of before there were warnings. */
	assert_int_equal(warnings_read(NULL, &back, &err), 0);
	assert_int_equal(read_text("null", &back, &err), 0);
	assert_int_equal(back.n, 0);
}

static void what_a_record_may_not_say(void **state)
{
	static const char *const bad[] = {
		"7", "{}", "[7]", "[{}]", "[{\"check\":7}]", "[{\"check\":\"a\",\"message\":[]}]"};
	CLEANUP_BUF struct buf many = {0};
	struct warnings w = {0};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (read_text(bad[i], &w, &err) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(err.code, EXIT_USAGE);
		warnings_clear(&w);
	}
	for (int i = 0; i <= WARNINGS_MAX; i++)
		buf_puts(&many, i ? ",{\"check\":\"a\"}" : "[{\"check\":\"a\"}");
	buf_puts(&many, "]");
	assert_int_equal(read_text(buf_str(&many), &w, &err), -1);
	assert_int_equal(read_text("[{\"check\":\"a\\u001b\",\"message\":\"b\\n\",\"remedy\":"
				   "\"c\\u0007\"}]",
				   &w, &err),
			 0);
	assert_string_equal(w.rows[0].check, "a?");
	assert_string_equal(w.rows[0].message, "b?");
	assert_string_equal(w.rows[0].remedy, "c?");
	warnings_clear(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_of_the_checks),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(what_a_record_may_not_say),
	};

	return cmocka_run_group_tests_name("warnings", tests, NULL, NULL);
}
