/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/history/past_freeze.h"
#include "sample.h"

#define MB (1ULL << 20)

/* A freeze of that strategy; undone_by NULL: none. */
static void put(struct history *h, const char *strategy, const char *outcome, const char *undone_by,
		double freeze_ms, uint64_t memory)
{
	CLEANUP_FREE char *id = str_fmt("20251121T233320-%08x", (unsigned)h->n);
	struct record r = sample(id, outcome, 1763768000);

	str_set(&r.summary.strategy, strategy);
	str_set(&r.summary.undone_by, undone_by);
	r.summary.freeze_ms = freeze_ms;
	r.summary.memory_bytes = memory;
	history_put(h, &r);
}

static bool is(double ms, double wanted)
{
	return ms > wanted - 0.01 && ms < wanted + 0.01;
}

static void the_median_of_the_last(void **state)
{
	CLEANUP_HISTORY struct history h = {.container = str_dup("web")};

	(void)state;
	assert_true(past_freeze_ms(&h, "cold", MB) < 0);
	put(&h, "cold", "moved", NULL, 9000, MB);
	put(&h, "cold", "moved", NULL, 300, MB);
	assert_true(is(past_freeze_ms(&h, "cold", MB), 9000));
	put(&h, "cold", "moved", NULL, 200, MB);
	put(&h, "cold", "silent", NULL, 250, MB);
	put(&h, "cold", "moved", NULL, 400, MB);
	put(&h, "cold", "moved", NULL, 100, MB);
	assert_true(is(past_freeze_ms(&h, "cold", MB), 250));
}

static void only_such_freezes(void **state)
{
	CLEANUP_HISTORY struct history h = {.container = str_dup("web")};

	(void)state;
	put(&h, "post-copy", "moved", NULL, 70, MB);
	put(&h, "cold", "undone", NULL, 71, MB);
	put(&h, "cold", "undone", UNDONE_BY_PREDICTION, -1, MB);
	put(&h, "cold", "undone", UNDONE_BY_LIMIT, 60000, MB);
	assert_true(past_freeze_ms(&h, "cold", MB) < 0);
	assert_true(is(past_freeze_ms(&h, "post-copy", MB), 70));
	/* It would have taken longer than that. */
	put(&h, "cold", "undone", UNDONE_BY_BOUND, 505, MB);
	assert_true(is(past_freeze_ms(&h, "cold", MB), 505));
}

static void with_the_memory(void **state)
{
	CLEANUP_HISTORY struct history h = {.container = str_dup("web")};

	(void)state;
	put(&h, "cold", "moved", NULL, 1050, 100 * MB);
	assert_true(is(past_freeze_ms(&h, "cold", 200 * MB), 2050));
	assert_true(is(past_freeze_ms(&h, "cold", 10 * MB), 150));
	assert_true(is(past_freeze_ms(&h, "cold", 0), 1050));
	put(&h, "hybrid", "moved", NULL, 90, 100 * MB);
	assert_true(is(past_freeze_ms(&h, "hybrid", 1000 * MB), 90));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_of_the_last),
		cmocka_unit_test(only_such_freezes),
		cmocka_unit_test(with_the_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
