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

static struct move bounded_move(enum if_slow if_slow, bool gate)
{
	return (struct move){.side = {{.host = host_new("rhel01", NULL, NULL, NULL)},
				      {.host = host_new("rhel02", NULL, NULL, NULL)}},
			     .plan = {.strategy = STRATEGY_COLD,
				      .gate = gate,
				      .if_slow = if_slow,
				      .max_downtime_ms = 200,
				      .dump_timeout_ms = 20000}};
}

static void clear(struct move *move)
{
	host_free(move->side[SOURCE].host);
	host_free(move->side[DESTINATION].host);
	summary_clear(&move->summary);
}

/* Where the source can go on at once, and that was asked for. */
static void who_has_a_bound(void **state)
{
	static const struct {
		enum if_slow if_slow;
		bool gate;
		int left_ms;
	} rows[] = {
		{IF_SLOW_ABORT, true, 200},
		{IF_SLOW_ABORT, false, 40000},
		{IF_SLOW_GO, true, 40000},
		{IF_SLOW_POST_COPY, true, 40000},
	};
	const struct command slow = {.timeout_ms = 60000};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct move move = bounded_move(rows[i].if_slow, rows[i].gate);
		freeze_begin(&move);
		assert_in_range(freeze_left_ms(&move), 1, rows[i].left_ms);
		assert_true(freeze_left_ms(&move) > rows[i].left_ms - 40000);
		assert_in_range(host_within_limit(move.side[SOURCE].host, &slow).timeout_ms, 1,
				rows[i].left_ms);
		assert_int_equal(move.progress.freeze_bounded, rows[i].left_ms == 200);
		clear(&move);
	}
	/* A bound beyond the limit is none. */
	struct move move = bounded_move(IF_SLOW_ABORT, true);
	move.plan.max_downtime_ms = 4000000000u;
	freeze_begin(&move);
	assert_in_range(freeze_left_ms(&move), 1, 40000);
	assert_false(move.progress.freeze_bounded);
	clear(&move);
}

static void over_the_bound(void **state)
{
	struct move move = bounded_move(IF_SLOW_ABORT, true);
	struct err err = ERR_INIT;

	(void)state;
	freeze_begin(&move);
	(void)err_set(&err, EXIT_FAILED, "the restore failed");
	freeze_judge(&move, &err);
	assert_null(move.summary.undone_by);
	assert_string_equal(err.msg, "the restore failed");
	move.progress.freeze_end_us = clock_now_us() - 1;
	assert_true(freeze_overran(&move));
	freeze_judge(&move, &err);
	assert_string_equal(move.summary.undone_by, "max-downtime");
	assert_string_equal(err.msg, "frozen for longer than the 200 ms of --max-downtime: the "
				     "restore failed");
	freeze_lift(&move);
	assert_false(freeze_overran(&move));
	move.progress.thawed_us = move.progress.freeze_us + 221000;
	err = (struct err)ERR_INIT;
	(void)err_set(&err, EXIT_FAILED, "x");
	freeze_tell(&move, &err);
	assert_string_equal(err.msg, "x; it was frozen for 221 ms");
	clear(&move);
}

static void over_the_limit(void **state)
{
	struct move move = bounded_move(IF_SLOW_GO, true);
	struct err err = ERR_INIT;

	(void)state;
	freeze_begin(&move);
	move.progress.freeze_end_us = clock_now_us() - 1;
	(void)err_set(&err, EXIT_FAILED, "x");
	freeze_judge(&move, &err);
	assert_string_equal(move.summary.undone_by, "freeze-limit");
	move.progress.thawed_us = move.progress.freeze_us + 45100000;
	freeze_tell(&move, &err);
	assert_string_equal(err.msg, "x; it was frozen for 45.1 s, and its limit is 60 s");
	clear(&move);
}

/* Once the source's copy has ended, a restore is the only way back. */
static void the_bound_is_lifted(void **state)
{
	struct move move = bounded_move(IF_SLOW_ABORT, true);

	(void)state;
	freeze_unbind(&move);
	assert_int_equal(move.progress.freeze_end_us, 0);
	freeze_begin(&move);
	freeze_unbind(&move);
	assert_false(move.progress.freeze_bounded);
	assert_in_range(freeze_left_ms(&move), 30000, 40000);
	clear(&move);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_strategy),	   cmocka_unit_test(a_freeze),
		cmocka_unit_test(who_has_a_bound), cmocka_unit_test(over_the_bound),
		cmocka_unit_test(over_the_limit),  cmocka_unit_test(the_bound_is_lifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
