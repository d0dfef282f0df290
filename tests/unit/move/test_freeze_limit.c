/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/base/deadline.h"
#include "move/freeze_limit.h"

static int limit(enum move_kind kind, enum strategy_id strategy, int dump_timeout_ms)
{
	const struct move move = {
		.kind = kind, .plan = {.strategy = strategy, .dump_timeout_ms = dump_timeout_ms}};

	return freeze_limit_ms(&move);
}

/* The memory counts for each time that it passes in the freeze. */
static void by_strategy(void **state)
{
	(void)state;
	assert_int_equal(limit(MOVE_WHOLE, STRATEGY_COLD, 25000), 70000);
	assert_int_equal(limit(MOVE_WHOLE, STRATEGY_PRE_COPY, 25000), 70000);
	assert_int_equal(limit(MOVE_WHOLE, STRATEGY_POST_COPY, 25000), 60000);
	assert_int_equal(limit(MOVE_WHOLE, STRATEGY_HYBRID, 25000), 60000);
	assert_int_equal(limit(MOVE_CHECKPOINT, STRATEGY_COLD, 25000), 45000);
	/* That of a journal may be anything. */
	assert_int_equal(limit(MOVE_WHOLE, STRATEGY_COLD, 0), 60000);
}

/* A command on either host has no more time than is left. */
static void a_freeze(void **state)
{
	struct host *source = host_new("rhel01", NULL, NULL, NULL);
	struct host *destination = host_new("rhel02", NULL, NULL, NULL);
	struct move move = {.side = {{.host = source}, {.host = destination}},
			    .plan = {.strategy = STRATEGY_COLD, .dump_timeout_ms = 20000}};
	const struct command slow = {.timeout_ms = 60000}, endless = {.timeout_ms = 0};

	(void)state;
	assert_int_equal(host_within_limit(source, &slow).timeout_ms, 60000);
	freeze_begin(&move);
	assert_true(freeze_left_ms(&move) <= 40000);
	assert_true(host_within_limit(source, &slow).timeout_ms <= 40000);
	assert_true(host_within_limit(destination, &slow).timeout_ms <= 40000);
	assert_int_equal(host_within_limit(source, &endless).timeout_ms, 0);
	source->limit_us = clock_now_us() - 1;
	assert_int_equal(host_within_limit(source, &slow).timeout_ms, 1);
	freeze_lift(&move);
	assert_int_equal(host_within_limit(source, &slow).timeout_ms, 60000);
	assert_int_equal(freeze_seconds(&move), 20);
	host_free(source);
	host_free(destination);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_strategy),
		cmocka_unit_test(a_freeze),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
