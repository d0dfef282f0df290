/* SPDX-License-Identifier: MIT */
/*
 * rebalance: what every host carries, the fewest moves after which none carries much more than
 * others (plan.h), which of them the checks allow, and the moves. Each check and move is a process
 * (batch.h).
 */
#ifndef CMIGRATE_REBALANCE_H
#define CMIGRATE_REBALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/fleet/batch.h"
#include "cmigrate/fleet/fleet.h"
#include "cmigrate/fleet/plan.h"

/* Of a plan; --max-moves and the configuration's are held to it. */
#define REBALANCE_MOVES_MAX 1000

/*
 * Set before rebalance_plan(): caller, by, threshold, max_moves (0: the configuration's), parallel,
 * options, start_us. After it: fleet, problem, plan, and what the checks said. After
 * rebalance_move(): batch.
 */
struct rebalance {
	const struct batch_caller *caller;
	enum fleet_by by;
	double threshold; /* how far above the mean a host may be, as a share of it */
	unsigned max_moves, parallel;
	struct argv options; /* of each check and move */
	struct fleet fleet;
	struct fleet_problem problem;
	struct plan plan;
	struct batch batch;	 /* the checks of the plan, then its moves */
	struct argv passed_over; /* what the checks said, a line each */
	struct argv busy, gone;	 /* by the checks: left to others, and no refusals */
	bool refused;		 /* by a check, for another reason */
	int64_t start_us;
	/* private to rebalance.c */
	bool *approved; /* of item i by host h, as in problem.refused */
};

/*
 * Asks the hosts, plans, and asks the checks until they have nothing against the plan. -1:
 * EXIT_REFUSED where fewer than two hosts answer or every plan is refused, EXIT_FAILED where a
 * signal came. No container is touched.
 */
int rebalance_plan(struct rebalance *rebalance, struct err *err);
/* Makes the moves of the plan, and reports each. What came of them is in batch.rows. */
void rebalance_move(struct rebalance *rebalance);
/* Its names: of host h of the problem, and the container that a move of the plan is of. */
const char *rebalance_host(const struct rebalance *rebalance, size_t h);
const struct container *rebalance_container(const struct rebalance *rebalance,
					    const struct plan_move *move);
void rebalance_clear(struct rebalance *rebalance);
#define CLEANUP_REBALANCE __attribute__((cleanup(rebalance_clear)))

#endif
