/* SPDX-License-Identifier: MIT */
/*
 * rebalance: asks what every host carries, plans the fewest moves after which none carries much
 * more than others (plan.h), lets the checks judge them, and makes them. Each check and move is a
 * process (batch.h).
 */
#ifndef CMIGRATE_REBALANCE_H
#define CMIGRATE_REBALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/bundle_root.h"
#include "cmigrate/fleet/batch.h"
#include "cmigrate/fleet/fleet.h"
#include "cmigrate/fleet/plan.h"

/* Limit for --max-moves and for the configured number. */
#define REBALANCE_MOVES_MAX 1000

/*
 * Set before rebalance_plan(): caller, by, threshold, max_moves (0: the configuration's), parallel,
 * options, start_us. Set by it: fleet, problem, plan, and the results of the checks. Set by
 * rebalance_move(): batch.
 */
struct rebalance {
	const struct batch_caller *caller;
	enum fleet_by by;
	double threshold; /* how far above the mean a host may be, as a share of it */
	unsigned max_moves, parallel;
	bool force;	     /* cordoned hosts take part, and no annotation but pin counts */
	struct argv options; /* for each check and move */
	struct fleet fleet;
	struct fleet_problem problem;
	struct plan plan;
	struct batch batch;	 /* the checks of the plan, then its moves */
	struct argv passed_over; /* moves that the checks ruled out, a line each */
	struct argv busy, gone;	 /* left to others according to the checks; these are no refusals */
	bool refused;		 /* a check refused for another reason */
	struct batch_ear *ear;	 /* hears that no further move is to begin, or NULL */
	int64_t start_us;
	/* private to rebalance.c */
	struct bundle_root root; /* once a history is read */
	bool *looked_up;	 /* of item i: whether it was moved lately */
	bool *approved;		 /* of item i by host h, as in problem.refused */
};

/*
 * Asks the hosts, plans, and asks the checks until they accept the plan. Touches no container. -1:
 * EXIT_REFUSED if fewer than two hosts answer or every plan is refused, EXIT_FAILED after a signal.
 */
int rebalance_plan(struct rebalance *rebalance, struct err *err);
/* Makes the moves of the plan and reports each. The results are in batch.rows. */
void rebalance_move(struct rebalance *rebalance);
/* The name of host h of the problem, and the container of a move of the plan. */
const char *rebalance_host(const struct rebalance *rebalance, size_t h);
const struct container *rebalance_container(const struct rebalance *rebalance,
					    const struct plan_move *move);
/* The rule that decided on a move of the plan: the measure, or the word of an annotation's rule
 * ("hosts", "spread", "together"), or "checks". */
const char *rebalance_rule(const struct rebalance *rebalance, size_t move);
void rebalance_clear(struct rebalance *rebalance);
#define CLEANUP_REBALANCE __attribute__((cleanup(rebalance_clear)))

#endif
