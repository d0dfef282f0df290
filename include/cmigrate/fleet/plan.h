/* SPDX-License-Identifier: MIT */
/*
 * plan: which containers to move where, so that no host carries much more than the others. A pure
 * function: it asks and moves nothing.
 *
 * Hosts have a capacity and containers a size in one unit; the load of a host is the share of its
 * capacity that it carries. The mean is what all hosts together carry, as a share of all
 * capacities: the load each would have if containers could be divided at will. No host is to be
 * above mean * (1 + threshold).
 */
#ifndef CMIGRATE_PLAN_H
#define CMIGRATE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct plan_host {
	double capacity; /* above 0 */
	double base;	 /* load that no container makes and no move takes away */
};

struct plan_item {
	size_t host; /* where it is */
	double size; /* 0 or above */
	bool fixed;  /* counted, and never moved */
	/* Items of one group (0: none) are not moved to a host that has another one; with together
	 * set they are moved only to such a host, as long as there is another one anywhere. */
	size_t group;
	bool together;
};

struct plan_problem {
	const struct plan_host *hosts;
	size_t n_hosts;
	const struct plan_item *items;
	size_t n_items;
	const bool *refused; /* of item i by host h at [i * n_hosts + h]; NULL: none */
	double threshold;    /* 0.2: a fifth above the mean */
	double least;	     /* a load up to this is never too much */
	bool whole;	     /* sizes are all alike: only whole numbers are possible */
	size_t max_moves;
};

struct plan_move {
	size_t item, from, to;
};

struct plan {
	struct plan_move *moves; /* in the order in which they are to be made */
	size_t n;
	double *before, *after; /* load of each host */
	double mean, limit;
	size_t above; /* hosts that are above the limit even after the moves */
};
#define CLEANUP_PLAN __attribute__((cleanup(plan_clear)))

/*
 * Plans the fewest moves, at most max_moves, after which no host is above the limit, and small
 * containers before large ones if that needs no further move. Only hosts above the limit give, none
 * is brought above it, nothing is moved twice, and nothing is exchanged. If the limit can't be
 * kept, the plan comes as near as it can and `above` says so. All plans are tried for small
 * problems only; larger ones follow a rule of thumb (the largest away first, a small one last).
 */
void plan_make(const struct plan_problem *problem, struct plan *ret);
/*
 * Why move i of a plan goes where it goes: the host that would carry least with the item and is
 * ruled out, by the matrix or the item's group. n_hosts: none would carry less than the chosen one.
 */
size_t plan_better_host(const struct plan_problem *problem, const struct plan *plan, size_t i);
void plan_clear(struct plan *plan);

#endif
