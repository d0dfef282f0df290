/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "cmigrate/base/err.h"

static void set_masks_and_returns(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err.code, EXIT_DONE);
	assert_string_equal(err.msg, "");
	assert_int_equal(err_set(&err, EXIT_REFUSED, "no '%s'", "a\x1b[2J\nb\x7f"), -1);
	assert_int_equal(err.code, EXIT_REFUSED);
	assert_string_equal(err.msg, "no 'a?[2J?b?'");
	err_set(&err, EXIT_BUSY, "again");
	assert_int_equal(err.code, EXIT_BUSY);
	assert_string_equal(err.msg, "again");
}

static void a_cause_stays_with_its_error(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_null(err_cause_word(err.cause));
	err_set(&err, EXIT_REFUSED, "any words");
	assert_int_equal(err_because_check(&err, "ports", true), -1);
	err_wrap(&err, "host");
	err_append(&err, "remedy");
	assert_int_equal(err.cause, CAUSE_GONE);
	assert_string_equal(err.check, "ports");
	err_set(&err, EXIT_FAILED, "other words");
	assert_int_equal(err.cause, CAUSE_NONE);
	assert_null(err.check);
	err_because_lost(&err, "rhel02");
	assert_string_equal(err.host, "rhel02");
	errno = ENOENT;
	err_errno(&err, EXIT_FAILED, "third");
	assert_int_equal(err.cause, CAUSE_NONE);
	assert_string_equal(err.host, "");
	for (int i = CAUSE_NONE + 1; i < ERR_CAUSES; i++)
		assert_non_null(err_cause_word((enum err_cause)i));
}

static void set_keeps_utf8(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, EXIT_FAILED, "'\xc3\xbc\xe2\x82\xac'");
	assert_string_equal(err.msg, "'\xc3\xbc\xe2\x82\xac'");
}

static void errno_is_read_first(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_errno(&err, EXIT_FAILED, "can't read '%s'", "x"), -1);
	assert_string_equal(err.msg, "can't read 'x': No such file or directory");
	errno = ENOSPC;
	assert_int_equal(err_errno(&err, EXIT_IN_DOUBT, "%s", ""), -1);
	assert_string_equal(err.msg, ": No space left on device");
	assert_int_equal(err.code, EXIT_IN_DOUBT);
}

static void context_goes_before_and_remedies_after(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, EXIT_USAGE, "cause");
	assert_int_equal(err_wrap(&err, "host '%s'", "rhel02"), -1);
	assert_int_equal(err_wrap(&err, "step %d", 3), -1);
	assert_string_equal(err.msg, "step 3: host 'rhel02': cause");
	assert_int_equal(err_append(&err, "try %s", "again"), -1);
	assert_string_equal(err.msg, "step 3: host 'rhel02': cause; try again");
	assert_int_equal(err.code, EXIT_USAGE);
}

static void append_alone_has_no_semicolon(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_append(&err, "alone\n");
	assert_string_equal(err.msg, "alone?");
}

/* A long text keeps its start and loses its end. */
static void long_texts_are_cut(void **state)
{
	struct err err = ERR_INIT;
	char text[2 * ERR_SIZE];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	errno = EIO;
	err_errno(&err, EXIT_FAILED, "%s", text);
	assert_int_equal(strlen(err.msg), ERR_SIZE - 1);
	err_append(&err, "more");
	assert_int_equal(strlen(err.msg), ERR_SIZE - 1);
	err_wrap(&err, "front");
	assert_int_equal(strlen(err.msg), ERR_SIZE - 1);
	assert_memory_equal(err.msg, "front: xxx", 10);
	err_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.msg), ERR_SIZE - 1);
}

/* The table of cmigrate(1): scripts depend on these numbers. */
static void exit_codes_stay_as_they_are(void **state)
{
	(void)state;
	assert_int_equal(EXIT_DONE, 0);
	assert_int_equal(EXIT_FAILED, 1);
	assert_int_equal(EXIT_USAGE, 2);
	assert_int_equal(EXIT_REFUSED, 3);
	assert_int_equal(EXIT_UNDONE, 4);
	assert_int_equal(EXIT_SILENT, 5);
	assert_int_equal(EXIT_IN_DOUBT, 6);
	assert_int_equal(EXIT_BUSY, 7);
	assert_int_equal(EXIT_SOME, 8);
	assert_int_equal(EXIT_LOST, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_masks_and_returns),
		cmocka_unit_test(a_cause_stays_with_its_error),
		cmocka_unit_test(set_keeps_utf8),
		cmocka_unit_test(errno_is_read_first),
		cmocka_unit_test(context_goes_before_and_remedies_after),
		cmocka_unit_test(append_alone_has_no_semicolon),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(exit_codes_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
