/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/criu/pre_copy.h"

#define MB 1000000

/* Decides after passes of so many MB each; the first took a second. */
static enum pre_copy decide(const unsigned *sizes, size_t n, unsigned budget_ms, double *predicted)
{
	struct pre_copy_pass passes[PRE_COPY_PASSES];

	assert_true(n <= PRE_COPY_PASSES);
	for (size_t i = 0; i < n; i++)
		passes[i] = (struct pre_copy_pass){.bytes = (uint64_t)sizes[i] * MB,
						   .ms = i ? 10 : 1000};
	return pre_copy_decide(passes, n, budget_ms, predicted);
}

static void passes_end_when_more_would_not_help(void **state)
{
	static const struct {
		unsigned sizes[PRE_COPY_PASSES];
		size_t n;
		unsigned budget_ms;
		enum pre_copy decision;
	} rows[] = {
		/* The first pass is the whole memory and tells nothing about changes, however small
		 * it is. */
		{{1}, 1, 300, PRE_COPY_GO_ON},
		{{200, 1}, 2, 300, PRE_COPY_FITS},
		{{200, 100}, 2, 300, PRE_COPY_GO_ON},
		/* 100 ms plus 2 * 20 MB at 200 MB a second makes 300 ms. */
		{{200, 100, 20}, 3, 300, PRE_COPY_FITS},
		{{200, 100, 20}, 3, 299, PRE_COPY_GO_ON},
		{{200, 100, 95}, 3, 300, PRE_COPY_GROWS},
		{{200, 100, 120}, 3, 300, PRE_COPY_GROWS},
		{{200, 180, 160, 140, 120, 100, 80, 60}, 8, 300, PRE_COPY_LIMIT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		double predicted = -1;
		assert_int_equal(decide(rows[i].sizes, rows[i].n, rows[i].budget_ms, &predicted),
				 rows[i].decision);
		assert_true(predicted >= 100);
		assert_non_null(pre_copy_reason(rows[i].decision));
	}
}

static void a_first_pass_without_a_time_or_bytes(void **state)
{
	struct pre_copy_pass passes[2] = {{0}};
	double predicted = 0;

	(void)state;
	assert_int_equal(pre_copy_decide(passes, 2, 300, &predicted), PRE_COPY_FITS);
	assert_true(predicted > 99 && predicted < 101);
}

static void the_freeze_of_a_cold_move(void **state)
{
	(void)state;
	assert_true(pre_copy_cold_ms(0, 1000) > 99);
	/* 100 MB at 100 kB a ms, written and read. */
	assert_true(pre_copy_cold_ms(100 * MB, 100000) > 2099 &&
		    pre_copy_cold_ms(100 * MB, 100000) < 2101);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_end_when_more_would_not_help),
		cmocka_unit_test(a_first_pass_without_a_time_or_bytes),
		cmocka_unit_test(the_freeze_of_a_cold_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
