/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/fleet/placement.h"

#define MIB (1024ULL * 1024)
#define HOST(name_, available_)                                                                    \
	{                                                                                          \
		.name = (name_), .capacity = 16000 * MIB, .available = (available_)*MIB            \
	}

static void most_memory_left(void **state)
{
	struct placement_host hosts[] = {HOST("a", 4000), HOST("b", 9000), HOST("c", 6000)};

	(void)state;
	assert_int_equal(placement_choose(hosts, 3, 100 * MIB, 2), 1);
	hosts[1].refused = true;
	assert_int_equal(placement_choose(hosts, 3, 100 * MIB, 2), 2);
	/* Containers under way to a host count as if they were there. */
	hosts[2].planned = 3000 * MIB;
	assert_int_equal(placement_choose(hosts, 3, 100 * MIB, 2), 0);
}

/* Free memory changes by itself: about the same counts as the same. */
static void fewest_planned_then_carried(void **state)
{
	struct placement_host hosts[] = {HOST("a", 8010), HOST("b", 8200), HOST("c", 8100)};

	(void)state;
	hosts[1].n_planned = 1;
	hosts[0].n_carried = 5;
	hosts[2].n_carried = 4;
	assert_int_equal(placement_choose(hosts, 3, MIB, 2), 2);
	hosts[2].n_planned = 2;
	assert_int_equal(placement_choose(hosts, 3, MIB, 2), 0);
	hosts[0].n_planned = 2;
	assert_int_equal(placement_choose(hosts, 3, MIB, 2), 1);
}

/* The memory left counts, however large a host is. */
static void large_and_nearly_full(void **state)
{
	struct placement_host hosts[] = {HOST("a", 1500), HOST("b", 40000)};

	(void)state;
	hosts[0].capacity = 1000000 * MIB;
	hosts[0].n_carried = 3;
	hosts[1].capacity = 64000 * MIB;
	hosts[1].n_carried = 4;
	assert_int_equal(placement_choose(hosts, 2, 1000 * MIB, 2), 1);
}

/* A host where a move failed comes last, even if the others have to be waited for. */
static void failures(void **state)
{
	struct placement_host hosts[] = {HOST("a", 9000), HOST("b", 4000)};

	(void)state;
	hosts[0].n_failed = 1;
	assert_int_equal(placement_choose(hosts, 2, MIB, 1), 1);
	hosts[1].n_moving = 1;
	assert_int_equal(placement_choose(hosts, 2, MIB, 1), PLACEMENT_LATER);
	hosts[1].refused = true;
	assert_int_equal(placement_choose(hosts, 2, MIB, 1), 0);
}

static void none_and_later(void **state)
{
	struct placement_host hosts[] = {HOST("a", 500), HOST("b", 900)};

	(void)state;
	assert_int_equal(placement_choose(hosts, 0, MIB, 2), PLACEMENT_NONE);
	assert_int_equal(placement_choose(hosts, 2, 900 * MIB, 2), PLACEMENT_NONE);
	/* Besides its pages a container needs some memory of the kernel. */
	assert_int_equal(placement_choose(hosts, 2, 890 * MIB, 2), PLACEMENT_NONE);
	assert_int_equal(placement_choose(hosts, 2, 880 * MIB, 2), 1);
	hosts[1].n_moving = 2;
	assert_int_equal(placement_choose(hosts, 2, 880 * MIB, 2), PLACEMENT_LATER);
	assert_int_equal(placement_choose(hosts, 2, 880 * MIB, 3), 1);
	assert_int_equal(placement_choose(hosts, 2, 100 * MIB, 2), 0);
	hosts[0].refused = hosts[1].refused = true;
	assert_int_equal(placement_choose(hosts, 2, MIB, 2), PLACEMENT_NONE);
}

static void refusals(void **state)
{
	static const struct {
		const char *cause, *check, *lost_host;
		bool final, lost;
	} rows[] = {
		{"gone", "container", NULL, true, false},
		{"check", "container", NULL, true, false},
		{"check", "locks", NULL, true, false},
		{"check", "stdio", NULL, true, false},
		{"check", "mounts", NULL, true, false},
		{"no-bundle", NULL, NULL, true, false},
		{"check", "ports", NULL, false, false},
		{"check", "name", NULL, false, false},
		{"lost-host", NULL, "b", false, true},
		{"lost-host", NULL, "ab", false, false},
		{"of-a-later-version", NULL, NULL, false, false},
		{NULL, NULL, NULL, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct summary s = {.cause = (char *)(uintptr_t)rows[i].cause,
					  .check = (char *)(uintptr_t)rows[i].check,
					  .lost_host = (char *)(uintptr_t)rows[i].lost_host};
		assert_int_equal(placement_refusal_is_final(&s), rows[i].final);
		assert_int_equal(placement_is_lost(&s, "b"), rows[i].lost);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(most_memory_left),
		cmocka_unit_test(fewest_planned_then_carried),
		cmocka_unit_test(large_and_nearly_full),
		cmocka_unit_test(failures),
		cmocka_unit_test(none_and_later),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
