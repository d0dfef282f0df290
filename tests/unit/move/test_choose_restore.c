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

#define SOURCE_FACTS "criu=4.2.1\nprocesses=3\n"
#define DESTINATION_FACTS "criu=4.2.1\nuffd=yes\n"
#define LOCK "lock=process 7, FLOCK WRITE, /data/f\n"
#define MIB(n) ((uint64_t)(n) << 20)

static void note(void *ctx, const struct event *event)
{
	str_set(ctx, event->text);
}

struct row {
	const char *strategy, *source, *destination;
	uint64_t memory, limit, from;
	const char *said; /* NULL: no note */
	bool lazy;
};

static void expect(const struct row *row)
{
	CLEANUP_FREE char *said = NULL;
	struct events events = {note, &said};
	struct move *m = mem_new(1, sizeof(*m));

	m->events = &events;
	assert_true(strategy_parse(row->strategy, &m->plan.strategy));
	m->side[SOURCE].name = str_dup("rhel01");
	m->side[DESTINATION].name = str_dup("rhel02");
	facts_parse(&m->side[SOURCE].facts, row->source);
	facts_parse(&m->side[DESTINATION].facts, row->destination);
	m->bundle.memory_limit = row->limit;
	m->plan.lazy_from = row->from;
	move_resolve_versions(m);
	m->summary.memory_bytes = row->memory;
	move_settle_strategy(m);
	move_settle_restore(m);
	if (m->plan.lazy != row->lazy || m->side[DESTINATION].options.lazy_pages != row->lazy)
		fail_msg("%s, %llu bytes: lazy %d", row->strategy, (unsigned long long)row->memory,
			 m->plan.lazy);
	/* The source's dump has all its memory. */
	assert_false(m->side[SOURCE].options.lazy_pages);
	assert_true((strategy_of(m) == (move_is_pre_copy(m) ? &strategy_pre_copy_lazy
							    : &strategy_cold_lazy)) == row->lazy);
	if (row->said ? !said || !strstr(said, row->said) : said != NULL)
		fail_msg("'%s' instead of '%s'", said ? said : "", row->said ? row->said : "");
	move_free(m);
}

static void from_a_size_on(void **state)
{
	static const struct row rows[] = {
		{"cold", SOURCE_FACTS, DESTINATION_FACTS, MIB(64), 0, 0, NULL, true},
		{"cold", SOURCE_FACTS, DESTINATION_FACTS, MIB(64) - 1, 0, 0, NULL, false},
		{"auto", SOURCE_FACTS, DESTINATION_FACTS, MIB(64), 0, 0, NULL, true},
		{"cold", SOURCE_FACTS, DESTINATION_FACTS, 4096, 0, 4096, NULL, true},
		{"cold", SOURCE_FACTS, DESTINATION_FACTS, MIB(500), 0, UINT64_MAX, NULL, false},
		/* Not known. */
		{"cold", SOURCE_FACTS, DESTINATION_FACTS, UINT64_MAX, 0, 1, NULL, false},
		{"pre-copy", SOURCE_FACTS "dirty=yes\n", DESTINATION_FACTS, MIB(64), 0, 0, NULL,
		 true},
		{"pre-copy", SOURCE_FACTS "dirty=yes\n", DESTINATION_FACTS, MIB(64) - 1, 0, 0, NULL,
		 false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(&rows[i]);
}

/* It is told only if the configuration asks for it. */
static void what_stands_against_it(void **state)
{
	static const struct row rows[] = {
		{"cold", SOURCE_FACTS, "criu=4.2.1\n", MIB(64), 0, 0, NULL, false},
		{"cold", SOURCE_FACTS, "criu=4.2.1\n", MIB(64), 0, 1, "userfaultfd", false},
		{"cold", SOURCE_FACTS, "criu=3.18\nuffd=yes\n", MIB(64), 0, 1, "older", false},
		{"cold", SOURCE_FACTS LOCK, DESTINATION_FACTS, MIB(64), 0, 1, "ends before", false},
		{"pre-copy", SOURCE_FACTS "dirty=yes\n" LOCK, DESTINATION_FACTS, MIB(64), 0, 1,
		 "ends before", false},
		{"cold", SOURCE_FACTS, DESTINATION_FACTS, MIB(64), MIB(70) - 1, 1, "memory limit",
		 false},
		{"cold", SOURCE_FACTS, DESTINATION_FACTS, MIB(64), MIB(70), 1, NULL, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_a_size_on),
		cmocka_unit_test(what_stands_against_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
