/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/move/step_tables.h"
#include "cmigrate/move/wish.h"

#define MOVE "20261130T224500-1a2b3c4d"

/* The table of docs/move.md: a step, what was said of it before, a wish, and what becomes of it. */
static void what_becomes_of_a_wish(void **state)
{
	static const struct {
		const char *step;
		bool released, committed;
		enum wish_answer abort, downtime, post_copy; /* the latter two with pre-copy */
	} rows[] = {
		{NULL, false, false, WISH_TAKEN, WISH_TAKEN, WISH_TAKEN},
		{"prepare", false, false, WISH_TAKEN, WISH_TAKEN, WISH_TAKEN},
		{"pre-copy", false, false, WISH_TAKEN, WISH_TAKEN, WISH_TAKEN},
		{"park", false, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"hold", false, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"address", false, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"settle", false, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"freeze", false, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"dump", false, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"restore", false, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"release", true, false, WISH_LATE, WISH_LATE, WISH_LATE},
		{"answer", true, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"drain", true, false, WISH_LATE, WISH_LATE, WISH_LATE},
		{"commit", true, false, WISH_LATE, WISH_LATE, WISH_LATE},
		{"open-gate", true, true, WISH_LATE, WISH_LATE, WISH_LATE},
		{"clean", true, true, WISH_LATE, WISH_LATE, WISH_LATE},
		/* A checkpoint releases nothing. */
		{"sync", false, false, WISH_TAKEN, WISH_LATE, WISH_LATE},
		{"open-gate", false, true, WISH_LATE, WISH_LATE, WISH_LATE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct wish_state s = {.step = rows[i].step,
					     .strategy = STRATEGY_PRE_COPY,
					     .released = rows[i].released,
					     .committed = rows[i].committed};
		const char *step = rows[i].step ? rows[i].step : "none";
		if (wish_decide(&(struct wish){.abort = true}, &s) != rows[i].abort)
			fail_msg("abort in %s", step);
		if (wish_decide(&(struct wish){.max_downtime_ms = 1}, &s) != rows[i].downtime)
			fail_msg("--max-downtime in %s", step);
		if (wish_decide(&(struct wish){.post_copy = true}, &s) != rows[i].post_copy)
			fail_msg("--post-copy in %s", step);
	}
}

/* Only passes are decided about. */
static void other_strategies(void **state)
{
	const struct wish downtime = {.max_downtime_ms = 1}, post_copy = {.post_copy = true};
	struct wish_state s = {.step = "prepare", .strategy = STRATEGY_COLD};

	(void)state;
	assert_int_equal(wish_decide(&downtime, &s), WISH_REFUSED);
	assert_int_equal(wish_decide(&post_copy, &s), WISH_REFUSED);
	s.strategy = STRATEGY_POST_COPY;
	assert_int_equal(wish_decide(&downtime, &s), WISH_REFUSED);
	s.strategy = STRATEGY_HYBRID;
	assert_int_equal(wish_decide(&downtime, &s), WISH_TAKEN);
	assert_int_equal(wish_decide(&post_copy, &s), WISH_REFUSED);
}

static void memory_that_goes_straight(void **state)
{
	static const struct {
		enum strategy_id strategy;
		bool direct;
		const char *step;
		enum wish_answer answer;
	} rows[] = {
		{STRATEGY_COLD, false, "prepare", WISH_REFUSED},
		{STRATEGY_PRE_COPY, false, "pre-copy", WISH_REFUSED},
		{STRATEGY_COLD, true, "prepare", WISH_TAKEN},
		{STRATEGY_PRE_COPY, true, "pre-copy", WISH_TAKEN},
		{STRATEGY_COLD, true, "freeze", WISH_TAKEN},
		{STRATEGY_COLD, true, "restore", WISH_LATE},
		{STRATEGY_POST_COPY, false, "serve", WISH_TAKEN},
		{STRATEGY_POST_COPY, false, "restore", WISH_TAKEN},
		{STRATEGY_HYBRID, false, "drain", WISH_TAKEN},
		{STRATEGY_POST_COPY, false, "commit", WISH_LATE},
	};
	const struct wish wish = {.bandwidth = 1 << 20},
			  both = {.bandwidth = 1 << 20, .max_downtime_ms = 1};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct wish_state s = {.step = rows[i].step,
					     .strategy = rows[i].strategy,
					     .direct = rows[i].direct};
		if (wish_decide(&wish, &s) != rows[i].answer)
			fail_msg("row %zu", i);
	}
	/* One of the two isn't done silently. */
	const struct wish_state late = {
		.step = "freeze", .strategy = STRATEGY_PRE_COPY, .direct = true};
	assert_int_equal(wish_decide(&both, &late), WISH_LATE);
}

/* A move with pre-copy goes on by the other table, where it is. */
static void pre_copy_and_hybrid_have_the_same_steps_up_to_the_dump(void **state)
{
	size_t i = 0;

	(void)state;
	for (;; i++) {
		const char *name = strategy_pre_copy.steps[i].name;
		assert_string_equal(name, strategy_hybrid.steps[i].name);
		assert_string_equal(name, strategy_pre_copy_lazy.steps[i].name);
		if (strcmp(name, "dump") == 0)
			break;
	}
	assert_true(i > 2);
}

/* A lazy restore is given up with it: the images lack the memory that follows. */
static void pre_copy_that_has_become_hybrid_goes_on_as_that(void **state)
{
	struct move move = {.plan.strategy = STRATEGY_PRE_COPY};

	(void)state;
	assert_ptr_equal(strategy_on_the_way(&strategy_pre_copy, &move), &strategy_pre_copy);
	assert_ptr_equal(strategy_on_the_way(&strategy_pre_copy_lazy, &move),
			 &strategy_pre_copy_lazy);
	move.plan.strategy = STRATEGY_HYBRID;
	assert_ptr_equal(strategy_on_the_way(&strategy_pre_copy, &move), &strategy_hybrid);
	assert_ptr_equal(strategy_on_the_way(&strategy_pre_copy_lazy, &move), &strategy_hybrid);
	assert_ptr_equal(strategy_on_the_way(&strategy_hybrid, &move), &strategy_hybrid);
	/* A recovery may go on by a table that is not the move's own. */
	assert_ptr_equal(strategy_on_the_way(&strategy_from_images, &move), &strategy_from_images);
}

static void written_and_read(void **state)
{
	CLEANUP_WISH struct wish wish = {0};
	CLEANUP_WISH struct wish read = {0};

	(void)state;
	wish_init(&wish);
	wish.post_copy = true;
	wish.max_downtime_ms = 250;
	wish.bandwidth = 20000000;
	CLEANUP_FREE char *line = wish_line(&wish, MOVE);
	size_t len = strlen(line);
	assert_int_equal(line[len - 1], '\n');
	assert_true(wish_read(line, len - 1, MOVE, &read));
	assert_string_equal(read.id, wish.id);
	assert_string_equal(read.by, wish.by);
	assert_true(read.post_copy && !read.abort);
	assert_int_equal(read.max_downtime_ms, 250);
	assert_int_equal(read.bandwidth, 20000000);
}

static void refused(const char *line)
{
	CLEANUP_WISH struct wish read = {0};

	if (wish_read(line, strlen(line), MOVE, &read))
		fail_msg("%s", line);
}

/* Anybody may have written it who can write there: the next move's is no wish to this one. */
static void what_is_no_wish(void **state)
{
	CLEANUP_FREE char *blanks = str_fmt("%2000s", "");
	CLEANUP_WISH struct wish read = {0};
	static const char masked[] = "{\"wish\":\"0123456789abcdef\",\"move\":\"" MOVE
				     "\",\"by\":\"a\\u001b[2Jb\",\"abort\":true}";

	(void)state;
	refused("");
	refused("{}");
	refused("[]");
	refused("nonsense");
	refused(blanks);
	refused("{\"wish\":\"0123456789abcdef\",\"move\":\"another\",\"by\":\"x\",\"abort\":true}");
	refused("{\"wish\":\"0123456789ABCDEF\",\"move\":\"" MOVE "\",\"by\":\"x\"}");
	refused("{\"wish\":\"0123\",\"move\":\"" MOVE "\",\"by\":\"x\"}");
	refused("{\"wish\":\"0123456789abcdef\",\"move\":\"" MOVE "\"}");
	refused("{\"wish\":\"0123456789abcdef\",\"move\":\"" MOVE
		"\",\"by\":\"x\",\"max_downtime_ms\":-1}");
	refused("{\"wish\":\"0123456789abcdef\",\"move\":\"" MOVE
		"\",\"by\":\"x\",\"max_downtime_ms\":86400001}");
	assert_true(wish_read(masked, strlen(masked), MOVE, &read));
	assert_null(strchr(read.by, '\033'));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_becomes_of_a_wish),
		cmocka_unit_test(other_strategies),
		cmocka_unit_test(memory_that_goes_straight),
		cmocka_unit_test(pre_copy_and_hybrid_have_the_same_steps_up_to_the_dump),
		cmocka_unit_test(pre_copy_that_has_become_hybrid_goes_on_as_that),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(what_is_no_wish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
