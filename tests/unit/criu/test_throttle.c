/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdio.h>

#include "cmigrate/criu/throttle.h"

static void parsed(void **state)
{
	static const char *const bad[] = {"",	     "max",	    "max 100000",
					  "max 0 7", "-1 100000 7", "1e3 100000 7",
					  "max x 7", "x 100000 7"};
	struct err err = ERR_INIT;
	struct quota q;

	(void)state;
	assert_int_equal(quota_parse("max 100000 7000\n", &q, &err), 0);
	assert_string_equal(q.quota, "max");
	assert_true(q.period == 100000 && q.usage == 7000);
	assert_int_equal(quota_parse("150000 100000 18446744073709551615", &q, &err), 0);
	assert_string_equal(q.quota, "150000");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (quota_parse(bad[i], &q, &err) == 0)
			fail_msg("'%s'", bad[i]);
}

/* It used one and a half processors for two seconds. */
static void halved(void **state)
{
	static const char *const unlimited[] = {"75000", "37500", "18000", "15000"};
	static const char *const limited[] = {"50000", "25000", "12000", "10000"};
	const struct quota before = {"max", 100000, 1000000};
	struct quota now = {"max", 100000, 4000000};
	struct throttle t = {0}, u = {0};
	char quota[QUOTA_SIZE];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(throttle_more(&t, &before, &now, 2000000, quota));
		assert_string_equal(quota, unlimited[i]);
	}
	assert_int_equal(t.percent, 10);
	assert_false(throttle_more(&t, &before, &now, 2000000, quota));
	(void)snprintf(now.quota, sizeof(now.quota), "100000");
	for (size_t i = 0; i < 4; i++) {
		assert_true(throttle_more(&u, &before, &now, 2000000, quota));
		assert_string_equal(quota, limited[i]);
	}
}

static void little_or_nothing(void **state)
{
	const struct quota idle = {"max", 100000, 5};
	const struct quota little = {"max", 100000, 20005};
	struct throttle t = {0}, u = {0};
	char quota[QUOTA_SIZE] = "same";

	(void)state;
	assert_false(throttle_more(&t, &idle, &idle, 1000000, quota));
	assert_false(throttle_more(&t, &idle, &idle, 0, quota));
	assert_string_equal(quota, "same");
	/* The kernel takes no less than a millisecond. */
	assert_true(throttle_more(&u, &idle, &little, 2000000, quota));
	assert_string_equal(quota, "1000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsed),
		cmocka_unit_test(halved),
		cmocka_unit_test(little_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
