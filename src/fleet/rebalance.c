/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/rebalance.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmigrate/fleet/placement.h"
#include "cmigrate/history/history.h"
#include "cmigrate/host/ask_all.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/move.h"

/* Each round forbids at least one move. A plan refused after so many is refused for good. */
#define ROUNDS_MAX 20

static int gather(struct rebalance *r, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};
	const struct config *config = r->caller->config;
	unsigned max = r->max_moves ? r->max_moves : config->rebalance_max_moves;

	ask_all_names(config, false, &names);
	if (fleet_ask(config, &names, r->caller->events, &r->fleet, err) < 0)
		return -1;
	CLEANUP_FREE char *silent = fleet_silent(&r->fleet);
	if (r->force)
		cordons_clear(&r->fleet.cordons);
	CLEANUP_FREE char *cordoned = fleet_cordoned(&r->fleet, NULL);
	fleet_problem(&r->fleet, r->by, !r->force, &r->problem);
	if (r->problem.plan.n_hosts < 2)
		return err_set(err, EXIT_REFUSED, "fewer than two hosts %s: %s%s%s",
			       *cordoned ? "can take part" : "answer", silent,
			       *silent && *cordoned ? "; " : "", cordoned);
	if (*silent || *cordoned)
		event_note(r->caller->events, "left out: %s%s%s", silent,
			   *silent && *cordoned ? "; " : "", cordoned);
	r->problem.plan.threshold = r->threshold;
	r->problem.plan.max_moves = max < REBALANCE_MOVES_MAX ? max : REBALANCE_MOVES_MAX;
	r->approved =
		mem_new(r->problem.plan.n_items * r->problem.plan.n_hosts, sizeof(*r->approved));
	r->looked_up = mem_new(r->problem.plan.n_items, sizeof(*r->looked_up));
	return 0;
}

/* ---- the plan, and what the checks say about it ---- */

const char *rebalance_host(const struct rebalance *r, size_t h)
{
	return r->problem.rows[h]->name;
}

const struct container *rebalance_container(const struct rebalance *r, const struct plan_move *m)
{
	return r->problem.containers[m->item];
}

static bool *at(const struct rebalance *r, bool *matrix, const struct plan_move *m)
{
	return &matrix[m->item * r->problem.plan.n_hosts + m->to];
}

static void batch_clear(struct rebalance *r)
{
	for (size_t i = 0; i < r->batch.n; i++)
		batch_move_clear(&r->batch.rows[i]);
	free(r->batch.rows);
	r->batch.rows = NULL;
	r->batch.n = 0;
}

/* The moves of the plan; for the checks those that were not made yet. */
static void batch_of_plan(struct rebalance *r, const char *verb, bool unknown_only)
{
	batch_clear(r);
	r->batch = (struct batch){.caller = r->caller,
				  .verb = verb,
				  .rows = mem_new(r->plan.n, sizeof(*r->batch.rows)),
				  .options = &r->options,
				  .parallel = r->parallel};
	for (size_t i = 0; i < r->plan.n; i++) {
		const struct plan_move *m = &r->plan.moves[i];
		const struct container *c = rebalance_container(r, m);
		if (unknown_only && *at(r, r->approved, m))
			continue;
		r->batch.rows[r->batch.n++] =
			(struct batch_move){.name = str_dup(c->name),
					    .from = str_dup(rebalance_host(r, m->from)),
					    .to = str_dup(rebalance_host(r, m->to)),
					    .memory = c->memory > 0 ? (uint64_t)c->memory : 0};
	}
}

static const struct plan_move *planned(const struct rebalance *r, const char *name,
				       const char *from)
{
	for (size_t i = 0; i < r->plan.n; i++)
		if (strcmp(rebalance_container(r, &r->plan.moves[i])->name, name) == 0 &&
		    strcmp(rebalance_host(r, r->plan.moves[i].from), from) == 0)
			return &r->plan.moves[i];
	return NULL;
}

static void forbid_host(struct rebalance *r, size_t h)
{
	for (size_t i = 0; i < r->problem.plan.n_items; i++)
		r->problem.refused[i * r->problem.plan.n_hosts + h] = true;
}

/* Makes the result of a check part of the problem. */
static void learn(struct rebalance *r, const struct batch_move *b)
{
	const struct plan_move *m = planned(r, b->name, b->from);

	if (b->outcome == BATCH_MOVED) {
		*at(r, r->approved, m) = true;
		return;
	}
	CLEANUP_FREE char *line =
		str_fmt("'%s' to %s: %s", b->name, b->to, b->error ? b->error : "");
	argv_add(&r->passed_over, line);
	if (b->outcome == BATCH_BUSY || b->outcome == BATCH_GONE)
		argv_add(b->outcome == BATCH_BUSY ? &r->busy : &r->gone, b->name);
	else
		r->refused = true;
	*at(r, r->problem.refused, m) = true;
	/* Each further attempt would cost its deadline. */
	if (placement_is_lost(&b->summary, b->to))
		forbid_host(r, m->to);
	else if (b->outcome != BATCH_REFUSED || placement_refusal_is_final(&b->summary))
		r->problem.items[m->item].fixed = true;
}

/* ---- containers that were moved lately ---- */

/* Seconds since its last move ended; -1: it was never moved, or its history can't be read. */
static int64_t since_move(struct rebalance *r, const char *name)
{
	const struct config *config = r->caller->config;
	CLEANUP_FREE char *dir = str_fmt("%s/%s", config->bundle_root, name);
	CLEANUP_HISTORY struct history past = {0};
	struct state_dir at = {0};
	struct err unread = ERR_INIT;

	if (bundle_root_reach(&r->root, config, r->caller->events, &unread) < 0)
		return -1;
	state_dir_init(&at, r->root.host, dir);
	(void)history_load(&at, name, &past, &unread);
	state_dir_clear(&at);
	for (size_t i = past.n; i > 0; i--) {
		const struct record *last = &past.rows[i - 1];
		if (last->outcome != OUTCOME_MOVED && last->outcome != OUTCOME_SILENT)
			continue;
		double took = last->summary.total_ms > 0 ? last->summary.total_ms / 1000 : 0;
		int64_t since = (int64_t)time(NULL) - last->started_s - (int64_t)took;
		/* Another controller's clock may be ahead. */
		return since > 0 ? since : 0;
	}
	return -1;
}

/* Leaves containers alone that the plan would move too soon. Returns true if it has to be made
 * again. */
static bool cool_down(struct rebalance *r)
{
	unsigned cooldown = r->caller->config->rebalance_cooldown;
	bool again = false;

	for (size_t i = 0; cooldown && i < r->plan.n; i++) {
		size_t item = r->plan.moves[i].item;
		const char *name = r->problem.containers[item]->name;
		char age[24];
		if (r->looked_up[item])
			continue;
		r->looked_up[item] = true;
		int64_t since = since_move(r, name);
		if (since < 0 || since >= cooldown)
			continue;
		container_age(age, since);
		argv_addf(&r->passed_over,
			  "'%s': it was moved %s ago, and rebalance.cooldown is %u s", name, age,
			  cooldown);
		r->problem.items[item].fixed = true;
		again = true;
	}
	return again;
}

static void make_plan(struct rebalance *r)
{
	do {
		plan_clear(&r->plan);
		plan_make(&r->problem.plan, &r->plan);
	} while (cool_down(r));
}

const char *rebalance_rule(const struct rebalance *r, size_t move)
{
	const struct plan_move *m = &r->plan.moves[move];
	const struct place_rule *rule = &r->problem.containers[m->item]->rule;
	size_t better = plan_better_host(&r->problem.plan, &r->plan, move);

	if (better == r->problem.plan.n_hosts)
		return fleet_by_words[r->by];
	if (!r->force && !place_rule_allows(rule, rebalance_host(r, better)))
		return "hosts";
	if (r->problem.refused[m->item * r->problem.plan.n_hosts + better])
		return "checks";
	return rule->together ? "together" : "spread";
}

/* Plans and asks the checks until they accept the plan. */
int rebalance_plan(struct rebalance *r, struct err *err)
{
	if (gather(r, err) < 0)
		return -1;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		make_plan(r);
		batch_of_plan(r, "check", true);
		if (!r->batch.n)
			return 0;
		batch_run(&r->batch);
		if (move_cancelled)
			return err_set(err, EXIT_FAILED, "stopped by a signal");
		for (size_t i = 0; i < r->batch.n; i++)
			learn(r, &r->batch.rows[i]);
	}
	return err_set(err, EXIT_REFUSED, "the checks refuse every plan; the last: %s",
		       r->passed_over.n ? r->passed_over.v[r->passed_over.n - 1] : "?");
}

/* ---- the moves ---- */

static void report(void *ctx, size_t row)
{
	struct rebalance *r = ctx;

	r->caller->report(r->caller->ui, &r->batch.rows[row]);
}

void rebalance_move(struct rebalance *r)
{
	batch_of_plan(r, "move", false);
	if (!r->batch.n)
		return;
	r->batch.ways = (struct batch_ways){.report = report, .ctx = r};
	r->batch.ear = r->ear = batch_ear_open(r->caller->config, rebalance_host(r, 0),
					       BATCH_REBALANCE, r->caller->events);
	batch_run(&r->batch);
}

void rebalance_clear(struct rebalance *r)
{
	batch_ear_close(r->ear);
	batch_clear(r);
	plan_clear(&r->plan);
	fleet_problem_clear(&r->problem);
	fleet_clear(&r->fleet);
	argv_clear(&r->passed_over);
	argv_clear(&r->busy);
	argv_clear(&r->gone);
	argv_clear(&r->options);
	free(r->approved);
	free(r->looked_up);
	bundle_root_clear(&r->root);
}
