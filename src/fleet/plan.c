/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/plan.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"

/* Sums of the same sizes in another order differ by less. */
#define TINY 1e-9
/* Attempts in the search for a shorter plan; they take some milliseconds. */
#define TRIES_MAX 200000

/*
 * A host is no better off if all that may leave is less than this share of its excess, and each
 * move is an outage.
 */
#define WORTH 0.01

/* A plan in the making. */
struct draft {
	const struct plan_problem *problem;
	double limit;
	double *loads; /* with the moves so far */
	bool *moved;   /* items */
	size_t *at;    /* the host of each item */
	bool *stuck;   /* hosts above the limit that can't give more */
	struct plan_move *moves;
	size_t n;
	size_t tries;
};

static double mean_load(const struct plan_problem *p)
{
	double carried = 0, capacity = 0;

	for (size_t h = 0; h < p->n_hosts; h++) {
		capacity += p->hosts[h].capacity;
		carried += p->hosts[h].base * p->hosts[h].capacity;
	}
	for (size_t i = 0; i < p->n_items; i++)
		carried += p->items[i].size;
	return capacity > 0 ? carried / capacity : 0;
}

/* If all containers are alike, one host has to carry the remainder. */
static double limit_of(const struct plan_problem *p, double mean)
{
	double limit = mean * (1 + p->threshold), up = (double)(long long)mean;

	if (up < mean - TINY)
		up += 1;
	if (p->whole && limit < up)
		limit = up;
	return limit > p->least ? limit : p->least;
}

static void draft_init(struct draft *d, const struct plan_problem *p, double limit)
{
	*d = (struct draft){.problem = p, .limit = limit};
	d->loads = mem_new(p->n_hosts, sizeof(*d->loads));
	d->stuck = mem_new(p->n_hosts, sizeof(*d->stuck));
	d->moved = mem_new(p->n_items, sizeof(*d->moved));
	d->moves = mem_new(p->max_moves, sizeof(*d->moves));
	d->at = mem_new(p->n_items, sizeof(*d->at));
	for (size_t h = 0; h < p->n_hosts; h++)
		d->loads[h] = p->hosts[h].base;
	for (size_t i = 0; i < p->n_items; i++) {
		d->at[i] = p->items[i].host;
		d->loads[p->items[i].host] +=
			p->items[i].size / p->hosts[p->items[i].host].capacity;
	}
}

static void draft_clear(struct draft *d)
{
	free(d->loads);
	free(d->stuck);
	free(d->moved);
	free(d->at);
	free(d->moves);
}

static bool is_above(const struct draft *d, size_t host)
{
	return d->loads[host] > d->limit + TINY;
}

static size_t count_above(const struct draft *d)
{
	size_t n = 0;

	for (size_t h = 0; h < d->problem->n_hosts; h++)
		n += is_above(d, h);
	return n;
}

/* The host with the greatest load above the limit that can still give; n_hosts: none. */
static size_t worst_host(const struct draft *d)
{
	size_t n = d->problem->n_hosts, worst = n;

	for (size_t h = 0; h < n; h++)
		if (is_above(d, h) && !d->stuck[h] &&
		    (worst == n || d->loads[h] > d->loads[worst] + TINY))
			worst = h;
	return worst;
}

static double excess(const struct draft *d, size_t host)
{
	return (d->loads[host] - d->limit) * d->problem->hosts[host].capacity;
}

static double load_with(const struct draft *d, size_t item, size_t host)
{
	return d->loads[host] + d->problem->items[item].size / d->problem->hosts[host].capacity;
}

static bool group_allows(const struct draft *d, size_t item, size_t host)
{
	const struct plan_item *items = d->problem->items;
	bool there = false, elsewhere = false, was_there = false;

	for (size_t i = 0; items[item].group && i < d->problem->n_items; i++) {
		if (i == item || items[i].group != items[item].group)
			continue;
		was_there = was_there || items[i].host == host;
		if (d->at[i] == host)
			there = true;
		else
			elsewhere = true;
	}
	/* A member that leaves may still be there when this one comes. */
	return items[item].together ? there || !elsewhere : !there && !was_there;
}

static bool may_take(const struct draft *d, size_t item, size_t host)
{
	const struct plan_problem *p = d->problem;

	if (host == p->items[item].host || (p->refused && p->refused[item * p->n_hosts + host]))
		return false;
	return load_with(d, item, host) <= d->limit + TINY && group_allows(d, item, host);
}

/* The host that would carry least with the item; n_hosts: none can take it. */
static size_t best_host(const struct draft *d, size_t item)
{
	size_t n = d->problem->n_hosts, best = n;

	for (size_t h = 0; h < n; h++)
		if (may_take(d, item, h) &&
		    (best == n || load_with(d, item, h) < load_with(d, item, best) - TINY))
			best = h;
	return best;
}

static bool may_go(const struct draft *d, size_t item, size_t host)
{
	const struct plan_item *i = &d->problem->items[item];

	return i->host == host && !i->fixed && !d->moved[item] && i->size > TINY;
}

static void draft_move(struct draft *d, size_t item, size_t to)
{
	const struct plan_problem *p = d->problem;
	size_t from = p->items[item].host;

	d->loads[to] = load_with(d, item, to);
	d->loads[from] -= p->items[item].size / p->hosts[from].capacity;
	d->moved[item] = true;
	d->at[item] = to;
	d->moves[d->n++] = (struct plan_move){item, from, to};
}

static void draft_undo(struct draft *d)
{
	const struct plan_problem *p = d->problem;
	struct plan_move m = d->moves[--d->n];

	d->loads[m.to] -= p->items[m.item].size / p->hosts[m.to].capacity;
	d->loads[m.from] += p->items[m.item].size / p->hosts[m.from].capacity;
	d->moved[m.item] = false;
	d->at[m.item] = m.from;
}

/*
 * The smallest item that is enough by itself, otherwise the largest: no other order needs fewer
 * moves if every host takes what it is given. n_items: no item makes a difference.
 */
static size_t best_item(const struct draft *d, size_t host)
{
	const struct plan_item *items = d->problem->items;
	size_t n = d->problem->n_items, enough = n, largest = n;
	double over = excess(d, host) - TINY, movable = 0;

	for (size_t i = 0; i < n; i++) {
		if (!may_go(d, i, host) || best_host(d, i) == d->problem->n_hosts)
			continue;
		movable += items[i].size;
		if (items[i].size >= over && (enough == n || items[i].size < items[enough].size))
			enough = i;
		if (largest == n || items[i].size > items[largest].size)
			largest = i;
	}
	if (movable < over * WORTH)
		return n;
	return enough < n ? enough : largest;
}

static void draft_by_rule(struct draft *d)
{
	const struct plan_problem *p = d->problem;

	while (d->n < p->max_moves) {
		size_t host = worst_host(d);
		if (host == p->n_hosts)
			return;
		size_t item = best_item(d, host);
		if (item == p->n_items)
			d->stuck[host] = true;
		else
			draft_move(d, item, best_host(d, item));
	}
}

/* Whether `left` more moves could be enough, if each took the largest item there is. */
static bool could_do(const struct draft *d, size_t host, size_t left)
{
	const struct plan_problem *p = d->problem;
	double largest = 0;

	if (count_above(d) > left)
		return false;
	for (size_t i = 0; i < p->n_items; i++)
		if (may_go(d, i, host) && p->items[i].size > largest)
			largest = p->items[i].size;
	return largest * (double)left >= excess(d, host) - TINY;
}

/* Tries every way of moving items off the worst host within `left` moves, small ones first. */
static bool search(struct draft *d, const size_t *by_size, size_t left)
{
	const struct plan_problem *p = d->problem;
	size_t host = worst_host(d);

	if (host == p->n_hosts)
		return true;
	if (!left || d->tries >= TRIES_MAX || !could_do(d, host, left))
		return false;
	for (size_t k = 0; k < p->n_items; k++) {
		size_t item = by_size[k];
		if (!may_go(d, item, host))
			continue;
		for (size_t to = 0; to < p->n_hosts && d->tries < TRIES_MAX; to++) {
			if (!may_take(d, item, to))
				continue;
			d->tries++;
			draft_move(d, item, to);
			if (search(d, by_size, left - 1))
				return true;
			draft_undo(d);
		}
	}
	return false;
}

struct sized {
	double size;
	size_t item;
};

static int by_size(const void *a, const void *b)
{
	const struct sized *x = a, *y = b;

	if (x->size < y->size || x->size > y->size)
		return x->size < y->size ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

static size_t *sort_items(const struct plan_problem *p)
{
	struct sized *rows = mem_new(p->n_items, sizeof(*rows));
	size_t *order = mem_new(p->n_items, sizeof(*order));

	for (size_t i = 0; i < p->n_items; i++)
		rows[i] = (struct sized){p->items[i].size, i};
	if (p->n_items)
		qsort(rows, p->n_items, sizeof(*rows), by_size);
	for (size_t i = 0; i < p->n_items; i++)
		order[i] = rows[i].item;
	free(rows);
	return order;
}

/* Replaces the draft by one with fewer moves, or by one that leaves no host above the limit. */
static void improve(struct draft *d)
{
	const struct plan_problem *p = d->problem;
	size_t most = count_above(d) ? p->max_moves : d->n - 1;
	size_t *order = sort_items(p);
	struct draft other;

	draft_init(&other, p, d->limit);
	for (size_t moves = 1; moves <= most && other.tries < TRIES_MAX; moves++) {
		if (!search(&other, order, moves))
			continue;
		struct draft worse = *d;
		*d = other;
		other = worse;
		break;
	}
	draft_clear(&other);
	free(order);
}

void plan_make(const struct plan_problem *p, struct plan *ret)
{
	struct draft d;

	memset(ret, 0, sizeof(*ret));
	ret->mean = mean_load(p);
	ret->limit = limit_of(p, ret->mean);
	draft_init(&d, p, ret->limit);
	ret->before = mem_new(p->n_hosts, sizeof(*ret->before));
	memcpy(ret->before, d.loads, p->n_hosts * sizeof(*ret->before));
	draft_by_rule(&d);
	if (d.n > 1 || count_above(&d))
		improve(&d);
	ret->above = count_above(&d);
	ret->moves = d.moves;
	ret->n = d.n;
	ret->after = d.loads;
	d.moves = NULL;
	d.loads = NULL;
	draft_clear(&d);
}

size_t plan_better_host(const struct plan_problem *p, const struct plan *plan, size_t i)
{
	const struct plan_move *m = &plan->moves[i];
	size_t better = p->n_hosts;
	struct draft d;

	draft_init(&d, p, plan->limit);
	for (size_t k = 0; k < i; k++)
		draft_move(&d, plan->moves[k].item, plan->moves[k].to);
	for (size_t h = 0; h < p->n_hosts; h++) {
		if (h == m->from || h == m->to || may_take(&d, m->item, h) ||
		    load_with(&d, m->item, h) > load_with(&d, m->item, m->to) - TINY)
			continue;
		if (better == p->n_hosts ||
		    load_with(&d, m->item, h) < load_with(&d, m->item, better))
			better = h;
	}
	draft_clear(&d);
	return better;
}

void plan_clear(struct plan *plan)
{
	free(plan->moves);
	free(plan->before);
	free(plan->after);
	memset(plan, 0, sizeof(*plan));
}
