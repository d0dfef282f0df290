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

static enum placement_rule decided;

static int chosen(const struct placement_host *hosts, size_t n, uint64_t memory, size_t max_moving)
{
	return placement_choose(hosts, n, memory, max_moving, &decided);
}

static void most_memory_left(void **state)
{
	struct placement_host hosts[] = {HOST("a", 4000), HOST("b", 9000), HOST("c", 6000)};

	(void)state;
	assert_int_equal(chosen(hosts, 3, 100 * MIB, 2), 1);
	hosts[1].refused = true;
	assert_int_equal(chosen(hosts, 3, 100 * MIB, 2), 2);
	/* Containers under way to a host count as if they were there. */
	hosts[2].planned = 3000 * MIB;
	assert_int_equal(chosen(hosts, 3, 100 * MIB, 2), 0);
}

/* Free memory changes by itself: about the same counts as the same. */
static void fewest_planned_then_carried(void **state)
{
	struct placement_host hosts[] = {HOST("a", 8010), HOST("b", 8200), HOST("c", 8100)};

	(void)state;
	hosts[1].n_planned = 1;
	hosts[0].n_carried = 5;
	hosts[2].n_carried = 4;
	assert_int_equal(chosen(hosts, 3, MIB, 2), 2);
	hosts[2].n_planned = 2;
	assert_int_equal(chosen(hosts, 3, MIB, 2), 0);
	hosts[0].n_planned = 2;
	assert_int_equal(chosen(hosts, 3, MIB, 2), 1);
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
	assert_int_equal(chosen(hosts, 2, 1000 * MIB, 2), 1);
}

/* A host where a move failed comes last, even if the others have to be waited for. */
static void failures(void **state)
{
	struct placement_host hosts[] = {HOST("a", 9000), HOST("b", 4000)};

	(void)state;
	hosts[0].n_failed = 1;
	assert_int_equal(chosen(hosts, 2, MIB, 1), 1);
	hosts[1].n_moving = 1;
	assert_int_equal(chosen(hosts, 2, MIB, 1), PLACEMENT_LATER);
	hosts[1].refused = true;
	assert_int_equal(chosen(hosts, 2, MIB, 1), 0);
}

static void none_and_later(void **state)
{
	struct placement_host hosts[] = {HOST("a", 500), HOST("b", 900)};

	(void)state;
	assert_int_equal(chosen(hosts, 0, MIB, 2), PLACEMENT_NONE);
	assert_int_equal(chosen(hosts, 2, 900 * MIB, 2), PLACEMENT_NONE);
	/* Besides its pages a container needs some memory of the kernel. */
	assert_int_equal(chosen(hosts, 2, 890 * MIB, 2), PLACEMENT_NONE);
	assert_int_equal(chosen(hosts, 2, 880 * MIB, 2), 1);
	hosts[1].n_moving = 2;
	assert_int_equal(chosen(hosts, 2, 880 * MIB, 2), PLACEMENT_LATER);
	assert_int_equal(chosen(hosts, 2, 880 * MIB, 3), 1);
	assert_int_equal(chosen(hosts, 2, 100 * MIB, 2), 0);
	hosts[0].refused = hosts[1].refused = true;
	assert_int_equal(chosen(hosts, 2, MIB, 2), PLACEMENT_NONE);
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

/* The plan names the rule that decided. */
static void rules_that_decide(void **state)
{
	static const struct {
		unsigned a, b, c; /* MiB that are left */
		enum placement_rule barred[3];
		int failed; /* the host where a move failed, or -1 */
		int chosen;
		enum placement_rule rule;
	} rows[] = {
		{4000, 9000, 6000, {0}, -1, 1, RULE_MEMORY},
		{8000, 8100, 4000, {0}, -1, 0, RULE_CONTAINERS},
		{4000, 9000, 6000, {0, RULE_HOSTS, 0}, -1, 2, RULE_HOSTS},
		{4000, 9000, 6000, {RULE_HOSTS, 0, 0}, -1, 1, RULE_MEMORY},
		{4000, 9000, 6000, {RULE_SPREAD, 0, RULE_SPREAD}, -1, 1, RULE_SPREAD},
		{4000, 9000, 6000, {0, RULE_TOGETHER, RULE_TOGETHER}, -1, 0, RULE_TOGETHER},
		{4000, 9000, 10, {0}, 1, 0, RULE_FAILURES},
		{10, 10, 10, {0}, -1, PLACEMENT_NONE, RULE_NONE},
		{10, 9000, 10, {0, RULE_SPREAD, 0}, -1, PLACEMENT_NONE, RULE_SPREAD},
		{10, 9000, 10, {RULE_HOSTS, 0, RULE_HOSTS}, -1, 1, RULE_ONLY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct placement_host hosts[] = {HOST("a", rows[i].a), HOST("b", rows[i].b),
						 HOST("c", rows[i].c)};
		for (int h = 0; h < 3; h++) {
			hosts[h].barred = rows[i].barred[h];
			hosts[h].n_failed = h == rows[i].failed;
		}
		int at = chosen(hosts, 3, 100 * MIB, 2);
		if (at != rows[i].chosen || decided != rows[i].rule)
			fail_msg("row %zu: %d, %s", i, at, placement_rule_word(decided));
	}
}

static void bars(void **state)
{
	static const struct {
		const char *group, *hosts; /* of the container */
		const char *host;	   /* for it */
		const char *members;	   /* hosts that have others of group "web" */
		enum placement_rule rule;
	} rows[] = {
		{NULL, NULL, "a", "a", RULE_NONE},
		{"web", NULL, "a", "", RULE_NONE},
		{"web:spread", NULL, "a", "b c", RULE_NONE},
		{"web:spread", NULL, "a", "b a", RULE_SPREAD},
		{"db:spread", NULL, "a", "a", RULE_NONE},
		{"web:together", NULL, "a", "", RULE_NONE},
		{"web:together", NULL, "a", "a", RULE_NONE},
		{"web:together", NULL, "a", "b", RULE_TOGETHER},
		{"web:together", NULL, "a", "b a", RULE_NONE},
		{NULL, "a,b", "a", "", RULE_NONE},
		{NULL, "a,b", "c", "", RULE_HOSTS},
		{NULL, "!a", "a", "", RULE_HOSTS},
		{NULL, "!a", "c", "", RULE_NONE},
		{"web", "a,b", "c", "c", RULE_HOSTS},
	};
	const struct place_rule web = {.group = (char *)"web"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct placement_member members[4];
		CLEANUP_ARGV struct argv names = {0};
		struct place_rule rule = {0};
		struct err err = ERR_INIT;
		argv_words(&names, rows[i].members, " ");
		for (size_t k = 0; k < names.n; k++)
			members[k] = (struct placement_member){&web, names.v[k]};
		if ((rows[i].group && place_rule_group(&rule, rows[i].group, &err) < 0) ||
		    (rows[i].hosts && place_rule_hosts(&rule, rows[i].hosts, &err) < 0))
			fail_msg("%s", err.msg);
		if (placement_bar(&rule, rows[i].host, members, names.n) != rows[i].rule)
			fail_msg("row %zu", i);
		place_rule_clear(&rule);
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
		cmocka_unit_test(rules_that_decide),
		cmocka_unit_test(bars),
	};

	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
