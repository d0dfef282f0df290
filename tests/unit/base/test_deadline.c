/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/base/deadline.h"

static void never(void **state)
{
	(void)state;
	assert_false(deadline_passed(0));
	assert_int_equal(deadline_poll_ms(0), -1);
}

static void passed(void **state)
{
	(void)state;
	assert_true(deadline_passed(1));
	assert_true(deadline_passed(clock_now_us()));
	assert_int_equal(deadline_poll_ms(clock_now_us() - 5000000), 0);
}

/* The time is rounded up: a wait of 0 ms before the moment would spin. */
static void time_left(void **state)
{
	(void)state;
	assert_int_equal(deadline_poll_ms(clock_now_us() + 900), 1);
	int left = deadline_poll_ms(deadline_in_ms(10000));
	assert_in_range(left, 9000, 10000);
	assert_false(deadline_passed(deadline_in_ms(10000)));
	assert_int_equal(deadline_poll_ms(INT64_MAX), INT_MAX);
}

static void the_earlier(void **state)
{
	(void)state;
	assert_int_equal(deadline_min(5, 7), 5);
	assert_int_equal(deadline_min(7, 5), 5);
	assert_int_equal(deadline_min(0, 7), 7);
	assert_int_equal(deadline_min(7, 0), 7);
	assert_int_equal(deadline_min(0, 0), 0);
}

static void sleeps(void **state)
{
	int64_t begin = clock_now_us();

	(void)state;
	clock_sleep_ms(20);
	assert_true(clock_now_us() - begin >= 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never),     cmocka_unit_test(passed),
		cmocka_unit_test(time_left), cmocka_unit_test(the_earlier),
		cmocka_unit_test(sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
