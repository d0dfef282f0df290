/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "move/part.h"
#include "move/steps.h"

/* 4 MB in a second: a freeze of 100 ms and 500 for each MB. */
#define SLOW "criu=4.2.1\nwrite-seconds=1\nmemory="
#define MB_4 "4194304\n"

static struct move *make(const char *strategy, enum if_slow if_slow, const char *facts)
{
	struct move *m = mem_new(1, sizeof(*m));

	assert_true(strategy_parse(strategy, &m->plan.strategy));
	m->plan.max_downtime_ms = 300;
	m->plan.if_slow = if_slow;
	m->side[SOURCE].name = str_dup("rhel01");
	m->side[DESTINATION].name = str_dup("rhel02");
	facts_parse(&m->side[SOURCE].facts, facts);
	facts_parse(&m->side[DESTINATION].facts, "criu=4.2.1\n");
	m->past.container = str_dup("web");
	m->summary.predicted_freeze_ms = -1;
	move_resolve_versions(m);
	return m;
}

static void put(struct move *m, const char *strategy, double freeze_ms)
{
	struct record r = {.outcome = OUTCOME_MOVED};

	r.id = str_fmt("20251121T233320-%08x", (unsigned)m->past.n);
	r.summary.strategy = str_dup(strategy);
	r.summary.freeze_ms = freeze_ms;
	history_put(&m->past, &r);
}

/* The command line wins over the annotation, and that over the configuration. */
static void whose_word_counts(void **state)
{
	static const struct {
		char *option, *annotation, *config;
		enum if_slow is;
	} rows[] = {
		{NULL, NULL, NULL, IF_SLOW_GO},
		{NULL, NULL, "abort", IF_SLOW_ABORT},
		{NULL, "post-copy", "abort", IF_SLOW_POST_COPY},
		{"go", "post-copy", "abort", IF_SLOW_GO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct config config = {.if_slow = rows[i].config};
		const struct move_opts opts = {.if_slow = rows[i].option};
		struct move m = {.bundle = {.if_slow = rows[i].annotation}};
		struct err err = ERR_INIT;
		assert_int_equal(move_resolve_if_slow(&m, &config, &opts, &err), 0);
		assert_int_equal(m.plan.if_slow, rows[i].is);
	}
	struct move m = {0};
	struct err err = ERR_INIT;
	const struct config config = {.if_slow = "stop"};
	assert_int_equal(move_resolve_if_slow(&m, &config, &(struct move_opts){0}, &err), -1);
	assert_int_equal(err.code, EXIT_USAGE);
}

/* Memory follows where the freeze would be too long, and only if that was asked for. */
static void what_follows(void **state)
{
	static const struct {
		const char *strategy, *facts;
		enum if_slow if_slow;
		double past_ms; /* of a cold move; negative: none */
		enum strategy_id becomes;
	} rows[] = {
		{"cold", SLOW MB_4, IF_SLOW_GO, -1, STRATEGY_COLD},
		{"cold", SLOW MB_4, IF_SLOW_ABORT, -1, STRATEGY_COLD},
		{"cold", SLOW MB_4, IF_SLOW_POST_COPY, -1, STRATEGY_POST_COPY},
		{"auto", SLOW MB_4, IF_SLOW_POST_COPY, -1, STRATEGY_POST_COPY},
		{"auto", SLOW MB_4 "dirty=yes\n", IF_SLOW_POST_COPY, -1, STRATEGY_HYBRID},
		{"pre-copy", SLOW MB_4 "dirty=yes\n", IF_SLOW_POST_COPY, -1, STRATEGY_HYBRID},
		{"post-copy", SLOW MB_4 "dirty=yes\n", IF_SLOW_POST_COPY, -1, STRATEGY_POST_COPY},
		{"cold", SLOW "4096\n", IF_SLOW_POST_COPY, -1, STRATEGY_COLD},
		/* It has been quicker, or slower, than the rates say. */
		{"cold", SLOW MB_4, IF_SLOW_POST_COPY, 80, STRATEGY_COLD},
		{"cold", SLOW "4096\n", IF_SLOW_POST_COPY, 800, STRATEGY_POST_COPY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct move *m = make(rows[i].strategy, rows[i].if_slow, rows[i].facts);
		if (rows[i].past_ms >= 0)
			put(m, "cold", rows[i].past_ms);
		move_settle_strategy(m);
		if (m->plan.strategy != rows[i].becomes)
			fail_msg("row %zu: %s", i, strategy_name(m->plan.strategy));
		move_free(m);
	}
}

static bool near(double ms, double wanted)
{
	return ms > wanted - 1 && ms < wanted + 1;
}

static void what_is_expected(void **state)
{
	(void)state;
	struct move *cold = make("cold", IF_SLOW_ABORT, SLOW MB_4);
	move_settle_strategy(cold);
	assert_true(near(cold->plan.expected_ms, 2100));
	put(cold, "cold", 90);
	move_expect_freeze(cold);
	assert_true(near(cold->plan.expected_ms, 90));
	assert_true(near(cold->summary.predicted_freeze_ms, 90));
	move_free(cold);
	struct move *follows = make("post-copy", IF_SLOW_ABORT, SLOW "1250000000\n");
	move_settle_strategy(follows);
	assert_true(near(follows->plan.expected_ms, 200));
	move_free(follows);
	/* Its passes tell. */
	struct move *ahead = make("pre-copy", IF_SLOW_ABORT, SLOW MB_4 "dirty=yes\n");
	move_settle_strategy(ahead);
	assert_true(ahead->plan.expected_ms == 0 && ahead->summary.predicted_freeze_ms < 0);
	move_free(ahead);
}

static void what_is_allowed(void **state)
{
	static const struct {
		enum if_slow if_slow;
		double ms;
		int status;
	} rows[] = {
		{IF_SLOW_ABORT, 300.2, -1}, {IF_SLOW_ABORT, 300, 0},	  {IF_SLOW_ABORT, 0, 0},
		{IF_SLOW_GO, 5000, 0},	    {IF_SLOW_POST_COPY, 5000, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct move *m = make("cold", rows[i].if_slow, "criu=4.2.1\n");
		struct err err = ERR_INIT;
		assert_int_equal(bound_allows(m, rows[i].ms, &err), rows[i].status);
		assert_int_equal(m->summary.undone_by != NULL, rows[i].status < 0);
		if (rows[i].status < 0) {
			assert_string_equal(m->summary.undone_by, "prediction");
			assert_non_null(strstr(err.msg, "--max-downtime 301 "));
		}
		move_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_word_counts),
		cmocka_unit_test(what_follows),
		cmocka_unit_test(what_is_expected),
		cmocka_unit_test(what_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
