/* SPDX-License-Identifier: MIT */
/* The planner: its plans, and that no shorter plan exists, by trying all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"
#include "cmigrate/fleet/plan.h"

static struct plan_host hosts[32];
static struct plan_item items[512];

static struct plan_problem empty(size_t n_hosts)
{
	for (size_t h = 0; h < n_hosts; h++)
		hosts[h] = (struct plan_host){.capacity = 100};
	return (struct plan_problem){.hosts = hosts,
				     .n_hosts = n_hosts,
				     .items = items,
				     .threshold = 0.2,
				     .max_moves = 99};
}

static void put(struct plan_problem *p, size_t host, double size)
{
	items[p->n_items++] = (struct plan_item){.host = host, .size = size};
}

/* "3>1 0>2": items and their destinations. */
static char *shown(const struct plan *plan)
{
	struct buf text = {0};

	for (size_t i = 0; i < plan->n; i++)
		buf_printf(&text, "%s%zu>%zu", i ? " " : "", plan->moves[i].item,
			   plan->moves[i].to);
	return buf_steal(&text);
}

static void expect(const struct plan_problem *p, const char *moves, size_t above)
{
	CLEANUP_PLAN struct plan plan = {0};

	plan_make(p, &plan);
	CLEANUP_FREE char *text = shown(&plan);
	assert_string_equal(text, moves);
	assert_int_equal(plan.above, above);
}

/*
 * Holds for every plan: nothing moves twice, nothing fixed or refused moves, no host gets too full.
 */
static void check_plan(const struct plan_problem *p, const struct plan *plan)
{
	bool *moved = mem_new(p->n_items, sizeof(*moved));
	double *loads = mem_new(p->n_hosts, sizeof(*loads));

	memcpy(loads, plan->before, p->n_hosts * sizeof(*loads));
	assert_true(plan->n <= p->max_moves);
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_move *m = &plan->moves[i];
		const struct plan_item *item = &p->items[m->item];
		assert_false(moved[m->item]);
		assert_false(item->fixed);
		assert_int_equal(item->host, m->from);
		assert_int_not_equal(m->from, m->to);
		assert_false(p->refused && p->refused[m->item * p->n_hosts + m->to]);
		moved[m->item] = true;
		loads[m->from] -= item->size / p->hosts[m->from].capacity;
		loads[m->to] += item->size / p->hosts[m->to].capacity;
		assert_true(loads[m->to] <= plan->limit + 1e-6);
	}
	size_t above = 0;
	for (size_t h = 0; h < p->n_hosts; h++) {
		assert_true(loads[h] - plan->after[h] < 1e-6 && plan->after[h] - loads[h] < 1e-6);
		above += plan->after[h] > plan->limit + 1e-6;
	}
	assert_int_equal(above, plan->above);
	free(loads);
	free(moved);
}

/*
 * The fewest moves from hosts above the limit to others that leave none above, found by trying all.
 */
static size_t fewest(const struct plan_problem *p, double *loads, const bool *gives, double limit,
		     size_t item, size_t so_far, size_t best)
{
	bool over = false;

	if (so_far >= best)
		return best;
	for (size_t h = 0; h < p->n_hosts; h++)
		over |= loads[h] > limit + 1e-9;
	if (!over)
		return so_far;
	if (item == p->n_items)
		return best;
	best = fewest(p, loads, gives, limit, item + 1, so_far, best);
	const struct plan_item *i = &p->items[item];
	for (size_t to = 0; to < p->n_hosts && !i->fixed && gives[i->host]; to++) {
		if (gives[to] || (p->refused && p->refused[item * p->n_hosts + to]))
			continue;
		loads[i->host] -= i->size / p->hosts[i->host].capacity;
		loads[to] += i->size / p->hosts[to].capacity;
		best = fewest(p, loads, gives, limit, item + 1, so_far + 1, best);
		loads[i->host] += i->size / p->hosts[i->host].capacity;
		loads[to] -= i->size / p->hosts[to].capacity;
	}
	return best;
}

static void nothing_to_do(void **state)
{
	struct plan_problem p = empty(3);

	(void)state;
	expect(&p, "", 0);
	for (size_t h = 0; h < 3; h++)
		put(&p, h, 30);
	expect(&p, "", 0);
	/* A fifth above the mean of 30 is 36. */
	put(&p, 1, 5);
	expect(&p, "", 0);
	p = empty(0);
	expect(&p, "", 0);
}

/* The smallest item that is enough by itself; otherwise the largest, and a small one last. */
static void small_and_few(void **state)
{
	struct plan_problem p = empty(3);

	(void)state;
	/* 60 on host 0, mean 24, limit 28.8: 31.2 too much. */
	put(&p, 0, 20);
	put(&p, 0, 4);
	put(&p, 0, 12);
	put(&p, 0, 24);
	put(&p, 1, 6);
	put(&p, 2, 6);
	/* 24 does not fit beside 6; 20 and 12 do, and nothing smaller is enough. */
	expect(&p, "0>1 2>2", 0);
	p.max_moves = 1;
	expect(&p, "0>1", 1);
	p.max_moves = 0;
	expect(&p, "", 1);

	/* 9 too much: 10 is enough, and 30 is not touched. */
	p = empty(2);
	put(&p, 0, 30);
	put(&p, 0, 10);
	put(&p, 0, 3);
	put(&p, 1, 14);
	expect(&p, "1>1", 0);
}

static void pinned_and_refused(void **state)
{
	struct plan_problem p = empty(3);
	bool refused[4 * 3] = {false};

	(void)state;
	for (int i = 0; i < 4; i++)
		put(&p, 0, 10);
	items[0].fixed = items[1].fixed = true;
	expect(&p, "2>1 3>2", 1);
	items[2].fixed = items[3].fixed = true;
	expect(&p, "", 1);
	for (int i = 0; i < 4; i++)
		items[i].fixed = false;
	p.refused = refused;
	for (int i = 0; i < 4; i++)
		refused[i * 3 + 1] = true;
	/* Only host 2 is left, and it takes one: the limit is 16. */
	expect(&p, "0>2", 1);
}

/*
 * An item above its host's share that no host could take stays, and so does an item that helps
 * nobody.
 */
static void giant(void **state)
{
	struct plan_problem p = empty(2);

	(void)state;
	put(&p, 0, 80);
	put(&p, 1, 2);
	expect(&p, "", 1);
}

static void capacities(void **state)
{
	struct plan_problem p = empty(2);

	(void)state;
	/* 12 on a host of 20, none on one of 100: the mean is a tenth, and 0.12 the limit. */
	hosts[0].capacity = 20;
	for (int i = 0; i < 4; i++)
		put(&p, 0, 3);
	CLEANUP_PLAN struct plan plan = {0};
	plan_make(&p, &plan);
	assert_true(plan.mean > 0.0999 && plan.mean < 0.1001);
	assert_int_equal(plan.n, 4);
	check_plan(&p, &plan);
}

/* Seven on three hosts: one of them must have three, whatever the threshold. */
static void whole_numbers(void **state)
{
	struct plan_problem p = empty(3);

	(void)state;
	p.whole = true;
	p.threshold = 0;
	for (size_t h = 0; h < 3; h++)
		hosts[h].capacity = 1;
	for (int i = 0; i < 7; i++)
		put(&p, i < 3 ? 0 : i < 5 ? 1 : 2, 1);
	expect(&p, "", 0);
	items[6].host = 0;
	expect(&p, "0>2", 0);
}

/* A load that no container makes counts, and a load below the least is never too much. */
static void base_and_least(void **state)
{
	struct plan_problem p = empty(2);

	(void)state;
	hosts[0] = (struct plan_host){.capacity = 1, .base = 30};
	hosts[1] = (struct plan_host){.capacity = 1};
	put(&p, 0, 4);
	put(&p, 1, 2);
	expect(&p, "0>1", 1);
	p.least = 50;
	expect(&p, "", 0);
}

static unsigned random_next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void random_problem(struct plan_problem *p, bool *refused, unsigned *seed)
{
	*p = empty(2 + random_next(seed) % 3);
	p->threshold = 0.1 * (random_next(seed) % 4);
	size_t n = 3 + random_next(seed) % 5;
	for (size_t i = 0; i < n; i++) {
		/* More often than not on the first host. */
		unsigned h = random_next(seed) % (2 * (unsigned)p->n_hosts);
		put(p, h < p->n_hosts ? h : 0, 1 + random_next(seed) % 9);
		items[i].fixed = random_next(seed) % 8 == 0;
	}
	for (size_t i = 0; i < n * p->n_hosts; i++)
		refused[i] = random_next(seed) % 10 == 0;
	p->refused = refused;
}

static void none_is_shorter(void **state)
{
	unsigned seed = 1, compared = 0;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct plan_problem p;
		bool refused[8 * 4];
		CLEANUP_PLAN struct plan plan = {0};
		random_problem(&p, refused, &seed);
		plan_make(&p, &plan);
		check_plan(&p, &plan);
		bool gives[4];
		for (size_t h = 0; h < p.n_hosts; h++)
			gives[h] = plan.before[h] > plan.limit + 1e-9;
		/*
		 * If the planner found no plan, none exists except one in which a host both gives
		 * and takes.
		 */
		size_t least = fewest(&p, plan.before, gives, plan.limit, 0, 0, 100);
		assert_true((plan.above ? 100 : plan.n) <= least);
		compared += plan.n > 0;
	}
	assert_true(compared > 300);
}

static void an_item_that_makes_no_difference_stays(void **state)
{
	struct plan_problem p = empty(3);

	(void)state;
	put(&p, 0, 90);
	for (int i = 0; i < 4; i++)
		put(&p, 0, 0.05);
	expect(&p, "", 1);
	/* A hundredth of the excess does. */
	put(&p, 0, 1);
	p.max_moves = 1;
	expect(&p, "5>1", 1);
}

/*
 * Thirty hosts and two hundred containers, all on a third of them, planned in no noticeable time.
 */
static void many(void **state)
{
	struct plan_problem p = empty(30);
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < 200; i++)
		put(&p, random_next(&seed) % 10, 1 + random_next(&seed) % 5);
	p.max_moves = 200;
	CLEANUP_PLAN struct plan plan = {0};
	plan_make(&p, &plan);
	check_plan(&p, &plan);
	assert_int_equal(plan.above, 0);
	/* A plan that was carried out leaves nothing to plan. */
	for (size_t i = 0; i < plan.n; i++)
		items[plan.moves[i].item].host = plan.moves[i].to;
	expect(&p, "", 0);
}

static void put_in(struct plan_problem *p, size_t host, double size, size_t group, bool together)
{
	put(p, host, size);
	items[p->n_items - 1].group = group;
	items[p->n_items - 1].together = together;
}

/* Members of a group that is spread never meet, not even by two moves of one plan. */
static void groups(void **state)
{
	struct plan_problem p = empty(3);

	(void)state;
	put_in(&p, 0, 20, 1, false);
	put_in(&p, 0, 20, 1, false);
	put_in(&p, 1, 10, 1, false);
	expect(&p, "0>2", 0);
	p = empty(3);
	put_in(&p, 0, 20, 1, false);
	put_in(&p, 0, 20, 1, false);
	put_in(&p, 0, 20, 1, false);
	expect(&p, "0>1 1>2", 0);
	/* A member that leaves may still be there when the other comes. */
	p = empty(3);
	p.threshold = 0.1;
	put_in(&p, 1, 15, 1, false);
	put(&p, 1, 15);
	put_in(&p, 0, 5, 1, false);
	put(&p, 0, 20);
	items[1].fixed = items[3].fixed = true;
	expect(&p, "0>2", 1);
	/* One that is together is not torn apart, and finds the others. */
	p = empty(2);
	put_in(&p, 0, 20, 1, true);
	put_in(&p, 0, 20, 1, true);
	expect(&p, "", 1);
	put(&p, 0, 20);
	expect(&p, "2>1", 1);
	p = empty(3);
	put_in(&p, 0, 20, 1, true);
	put_in(&p, 0, 20, 2, true);
	put_in(&p, 1, 5, 1, true);
	p.threshold = 1;
	expect(&p, "0>1", 0);
	/* Alone, it may go anywhere. */
	p = empty(2);
	put_in(&p, 0, 20, 1, true);
	put_in(&p, 0, 20, 2, true);
	expect(&p, "0>1", 0);
}

static size_t better(const struct plan_problem *p, size_t i)
{
	CLEANUP_PLAN struct plan plan = {0};

	plan_make(p, &plan);
	assert_true(i < plan.n);
	return plan_better_host(p, &plan, i);
}

static void the_rule_that_decided(void **state)
{
	struct plan_problem p = empty(3);
	bool refused[9] = {false};

	(void)state;
	put_in(&p, 0, 20, 1, false);
	put(&p, 0, 20);
	put(&p, 1, 10);
	p.threshold = 0.3;
	/* Host 2 carries nothing. */
	expect(&p, "0>2", 0);
	assert_int_equal(better(&p, 0), 3);
	items[1].fixed = true;
	items[2].size = 1;
	refused[2] = true;
	p.refused = refused;
	p.threshold = 0.6;
	expect(&p, "0>1", 0);
	assert_int_equal(better(&p, 0), 2);
	/* By its group: another member is there. */
	refused[2] = false;
	put_in(&p, 2, 0.5, 1, false);
	p.refused = NULL;
	expect(&p, "0>1", 0);
	assert_int_equal(better(&p, 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(small_and_few),
		cmocka_unit_test(pinned_and_refused),
		cmocka_unit_test(giant),
		cmocka_unit_test(capacities),
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(base_and_least),
		cmocka_unit_test(none_is_shorter),
		cmocka_unit_test(an_item_that_makes_no_difference_stays),
		cmocka_unit_test(many),
		cmocka_unit_test(groups),
		cmocka_unit_test(the_rule_that_decided),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
