/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cli/bars.h"

static void to_scale(void **state)
{
	static const struct bar rows[] = {{"rhel01", 0.8, 0.4}, {"r2", 0, 0.4}, {"r3", 0.4, 0.4}};
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	bars_draw(rows, 3, 0.4, true, 46, false, &out);
	assert_string_equal(out.s, "  rhel01  before   80%  ==========##########\n"
				   "          after    40%  ==========\n"
				   "  r2      before  0.0%\n"
				   "          after    40%  ==========\n"
				   "  r3      stays    40%  ==========\n");
}

static void numbers(void **state)
{
	static const struct bar rows[] = {{"a-host-with-quite-a-long-name", 100, 100}, {"b", 1, 1}};
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	bars_draw(rows, 2, 50, false, 1, true, &out);
	/* A narrow screen gets short bars; what is there at all is seen. */
	assert_string_equal(out.s, "  a-host-with-quite-a-  stays    100  "
				   "\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91\xe2\x96\x91"
				   "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\n"
				   "  b                     stays      1  \xe2\x96\x91\n");
}

/* An idle fleet has a limit of nothing. */
static void nothing(void **state)
{
	static const struct bar rows[] = {{"a", 0, 0}};
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	bars_draw(rows, 1, 0, false, 80, false, &out);
	assert_string_equal(out.s, "  a  stays      0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_scale),
		cmocka_unit_test(numbers),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests_name("bars", tests, NULL, NULL);
}
