/* SPDX-License-Identifier: MIT */
/* The time of a host that goes down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>

#include "cmigrate/fleet/within.h"
#include "fleet/drain_time.h"

#define MB 1000000ULL

static void times(void **state)
{
	static const struct {
		const char *text;
		unsigned seconds; /* 0: refused */
	} rows[] = {
		{"90s", 90}, {"90", 90},  {"2m", 120}, {"1h", 3600},  {"24h", 86400},
		{"25h", 0},  {"0", 0},	  {"", 0},     {"s", 0},      {"90x", 0},
		{"-5", 0},   {"1.5m", 0}, {"90 s", 0}, {"100000", 0}, {"99999999", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = ERR_INIT;
		unsigned seconds = 0;
		int status = within_seconds(rows[i].text, &seconds, &err);
		if ((status == 0) != (rows[i].seconds != 0) || seconds != rows[i].seconds)
			fail_msg("'%s': %u", rows[i].text, seconds);
		if (status < 0)
			assert_int_equal(err.code, EXIT_USAGE);
	}
}

struct past {
	enum outcome outcome;
	double ms;
	uint64_t memory;
};

static double predicted(const struct past *past, size_t n, uint64_t memory)
{
	struct record records[8] = {0};
	struct history history = {.rows = records, .n = n};

	for (size_t i = 0; i < n; i++) {
		records[i].outcome = past[i].outcome;
		records[i].summary.total_ms = past[i].ms;
		records[i].summary.memory_bytes = past[i].memory;
	}
	return within_move_ms(&history, memory);
}

/* A quarter more than the longest of the last three that were moved. */
static void predictions(void **state)
{
	const struct past moved[] = {{OUTCOME_MOVED, 9000, 0},
				     {OUTCOME_MOVED, 2000, 0},
				     {OUTCOME_MOVED, 4000, 0},
				     {OUTCOME_UNDONE, 60000, 0},
				     {OUTCOME_MOVED, 1000, 0}};
	const struct past grown[] = {{OUTCOME_MOVED, 2000, 100 * MB}};

	(void)state;
	assert_int_equal((int)predicted(moved, 5, 100 * MB), 5000);
	assert_int_equal((int)predicted(moved, 1, 100 * MB), 11250);
	assert_int_equal((int)predicted(grown, 1, 100 * MB), 2500);
	assert_int_equal((int)predicted(grown, 1, 50 * MB), 2500);
	assert_int_equal((int)predicted(grown, 1, 400 * MB), 10000);
	/* Never moved: by its memory. */
	assert_int_equal((int)predicted(NULL, 0, 0), 3750);
	assert_int_equal((int)predicted(NULL, 0, 1000 * MB), 28750);
	assert_int_equal((int)within_move_ms(NULL, 0), 3750);
}

static void fallbacks(void **state)
{
	(void)state;
	assert_int_equal((int)within_fallback_ms(FALLBACK_LEAVE, 1000 * MB), 0);
	assert_int_equal((int)within_fallback_ms(FALLBACK_CHECKPOINT, 1000 * MB), 22000);
	assert_int_equal((int)within_fallback_ms(FALLBACK_STOP, 1000 * MB), 12000);
	struct within w = {.fallback = FALLBACK_CHECKPOINT, .parallel = 2};
	assert_int_equal((int)within_fallbacks_ms(&w), 0);
	within_add(&w, 0);
	assert_int_equal((int)within_fallbacks_ms(&w), 2000);
	/* Two at once, and two more. */
	for (int i = 0; i < 3; i++)
		within_add(&w, 0);
	assert_true(within_fallbacks_ms(&w) >= 4000 && within_fallbacks_ms(&w) <= 5000);
	/* The long one may come last. */
	within_add(&w, 400 * MB);
	assert_true(within_fallbacks_ms(&w) >= 4000 + 10000);
	within_remove(&w, 400 * MB);
	for (int i = 0; i < 4; i++)
		within_remove(&w, 0);
	assert_int_equal((int)within_fallbacks_ms(&w), 0);
}

static void what_fits(void **state)
{
	static const struct {
		enum fallback fallback;
		unsigned n; /* containers that are still there */
		double ms;
		bool fits; /* within ten seconds */
	} rows[] = {
		{FALLBACK_LEAVE, 100, 10000, true},   {FALLBACK_LEAVE, 1, 10001, false},
		{FALLBACK_CHECKPOINT, 1, 8000, true}, {FALLBACK_CHECKPOINT, 1, 8001, false},
		{FALLBACK_CHECKPOINT, 5, 0, true},    {FALLBACK_CHECKPOINT, 5, 1, false},
		{FALLBACK_CHECKPOINT, 6, 0, false},   {FALLBACK_STOP, 1, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct within w = {
			.deadline_us = 11000000, .fallback = rows[i].fallback, .parallel = 1};
		for (unsigned n = 0; n < rows[i].n; n++)
			within_add(&w, 0);
		if (within_fits(&w, 1000000, rows[i].ms) != rows[i].fits)
			fail_msg("row %zu", i);
	}
	struct within endless = {.fallback = FALLBACK_STOP};
	within_add(&endless, 0);
	assert_true(within_fits(&endless, 1000000, 1e9));
}

static void long_moves_come_first(void **state)
{
	static const char *const expected[] = {"long", "b", "c", "short"};
	struct batch_move rows[] = {{.name = (char *)"c", .predicted_ms = 5000},
				    {.name = (char *)"short", .predicted_ms = 4999},
				    {.name = (char *)"long", .predicted_ms = 1e9},
				    {.name = (char *)"b", .predicted_ms = 5000}};
	size_t n = sizeof(rows) / sizeof(*rows);

	(void)state;
	qsort(rows, n, sizeof(*rows), drain_time_order);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(rows[i].name, expected[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(predictions),
		cmocka_unit_test(fallbacks),
		cmocka_unit_test(what_fits),
		cmocka_unit_test(long_moves_come_first),
	};

	return cmocka_run_group_tests_name("within", tests, NULL, NULL);
}
