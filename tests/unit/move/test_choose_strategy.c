/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/move/step_tables.h"
#include "move/part.h"

#define LOCK "lock=process 7, FLOCK WRITE, /data/f\n"
#define OWN_LOCK "own-lock=process 7, FLOCK WRITE, /tmp/f\n"

static struct move *make_to(const char *strategy, const char *source, const char *destination)
{
	static const struct events silent = {NULL, NULL};
	struct move *m = mem_new(1, sizeof(*m));

	m->events = &silent;
	m->plan.max_downtime_ms = 300;

	assert_true(strategy_parse(strategy, &m->plan.strategy));
	m->side[SOURCE].name = str_dup("rhel01");
	m->side[DESTINATION].name = str_dup("rhel02");
	facts_parse(&m->side[SOURCE].facts, source);
	facts_parse(&m->side[DESTINATION].facts, destination);
	move_resolve_versions(m);
	move_settle_strategy(m);
	return m;
}

static struct move *make(const char *strategy, const char *source)
{
	return make_to(strategy, source, "criu=4.2.1\n");
}

static size_t position(const struct strategy *strategy, const char *name)
{
	for (size_t i = 0; i < strategy->n; i++)
		if (strcmp(strategy->steps[i].name, name) == 0)
			return i;
	return strategy->n;
}

/* For a lock that both copies want, and only where the memory is in the images. */
static void who_ends_first(void **state)
{
	static const struct {
		const char *strategy, *source, *way_back;
		bool flag, step;
	} rows[] = {
		{"cold", "criu=4.2.1\n", "source", false, false},
		{"auto", "criu=4.2.1\n", "source", false, false},
		{"cold", "criu=4.2.1\n" OWN_LOCK, "source", true, false},
		{"cold", "criu=4.2.1\n" LOCK, "images", true, true},
		{"auto", "criu=4.2.1\n" OWN_LOCK LOCK, "images", true, true},
		{"pre-copy", "criu=4.2.1\ndirty=yes\n", "source", false, false},
		{"pre-copy", "criu=4.2.1\ndirty=yes\n" OWN_LOCK, "source", true, false},
		{"pre-copy", "criu=4.2.1\ndirty=yes\n" LOCK, "images", true, true},
		{"post-copy", "criu=4.2.1\n" LOCK, "source", true, false},
		{"hybrid", "criu=4.2.1\ndirty=yes\n" LOCK, "source", true, false},
		/* Its dump ends the source's copy. */
		{"cold", "criu=3.18\n", "images", false, false},
		{"cold", "criu=3.18\n" LOCK, "images", true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct move *m = make(rows[i].strategy, rows[i].source);
		const struct strategy *strategy = strategy_of(m);
		size_t first = position(strategy, "end-first");
		assert_string_equal(m->summary.way_back, rows[i].way_back);
		assert_int_equal(m->side[SOURCE].options.file_locks, rows[i].flag);
		assert_int_equal(m->side[DESTINATION].options.file_locks, rows[i].flag);
		assert_int_equal(first < strategy->n, rows[i].step);
		if (rows[i].step)
			assert_true(position(strategy, "dump") < first &&
				    first < position(strategy, "restore"));
		move_free(m);
	}
}

#define GIB "criu=4.2.1\nmemory=1073741824\nprocesses=1\n"
/* The time for 4 MiB: a gigabyte takes one second, or ten. */
#define FAST "write-seconds=0.004\n"
#define SLOW "write-seconds=0.040\n"
#define TRACKS "dirty=yes\n"
#define LAZY "criu=4.2.1\nuffd=yes\n"
#define NOT_LAZY "criu=4.2.1\n"

/* Of the ways that are possible, the one with the shorter freeze. */
static void what_auto_takes(void **state)
{
	static const struct {
		const char *source, *destination;
		enum strategy_id wanted;
		double least_ms, most_ms; /* the prediction of a cold move */
	} rows[] = {
		{GIB FAST TRACKS, LAZY, STRATEGY_PRE_COPY, 1100, 1150},
		{GIB FAST, LAZY, STRATEGY_COLD, 1100, 1150},
		{GIB FAST TRACKS, NOT_LAZY, STRATEGY_PRE_COPY, 2100, 2200},
		{GIB SLOW TRACKS, LAZY, STRATEGY_PRE_COPY, 10000, 10500},
		{GIB SLOW, LAZY, STRATEGY_COLD, 10000, 10500},
		{GIB SLOW, NOT_LAZY, STRATEGY_COLD, 20000, 21000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct move *m = make_to("auto", rows[i].source, rows[i].destination);
		if (m->plan.strategy != rows[i].wanted || m->plan.predicted_ms < rows[i].least_ms ||
		    m->plan.predicted_ms > rows[i].most_ms)
			fail_msg("%zu: %s, predicted %.0f ms", i, strategy_name(m->plan.strategy),
				 m->plan.predicted_ms);
		move_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_auto_takes),
		cmocka_unit_test(who_ends_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
