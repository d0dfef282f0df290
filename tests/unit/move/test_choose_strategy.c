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

static struct move *make(const char *strategy, const char *source)
{
	struct move *m = mem_new(1, sizeof(*m));

	assert_true(strategy_parse(strategy, &m->plan.strategy));
	m->side[SOURCE].name = str_dup("rhel01");
	m->side[DESTINATION].name = str_dup("rhel02");
	facts_parse(&m->side[SOURCE].facts, source);
	facts_parse(&m->side[DESTINATION].facts, "criu=4.2.1\n");
	move_resolve_versions(m);
	move_settle_strategy(m);
	return m;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_ends_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
