/* SPDX-License-Identifier: MIT */
/*
 * engine: runs the steps of a move in order, and undoes them in reverse when one fails.
 *
 * Before a step its intent goes to the journal, after it its end. Up to the step marked as the commit
 * point a failure or a signal undoes everything; behind it the move is only ever finished.
 */
#ifndef CMIGRATE_ENGINE_H
#define CMIGRATE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/err.h"
#include "cmigrate/move.h"

/* What an undo could do. */
enum undo_result {
	UNDO_DONE,
	UNDO_LEFT,  /* something of no danger is left behind, on a host that can't be reached */
	UNDO_DOUBT, /* it can't be known whether a copy runs: nothing further may be started */
};

struct step {
	const char *name;
	int (*run)(struct move *move, struct err *err);
	/* Must do no harm when the step ran half or not at all: recovery calls it that way. */
	enum undo_result (*undo)(struct move *move, struct err *err);
	bool frozen; /* the container's processes are stopped while it runs */
	bool commit; /* behind it there is no way back */
};

struct strategy {
	const char *name;
	const struct step *steps;
	size_t n;
};

/*
 * Runs a strategy from its first step, journal included, and fills move->summary (outcome, exit code,
 * steps, times). Returns the exit code; *err has the cause where it isn't EXIT_DONE.
 */
enum exit_code engine_run(const struct strategy *strategy, struct move *move, struct err *err);
/* Undoes every step, whatever was done of it: recovery's way back. */
enum undo_result engine_undo_all(const struct strategy *strategy, struct move *move,
				 struct err *err);
/* Runs the steps from the commit point on: recovery's way forward. The first failure is in *err. */
int engine_finish(const struct strategy *strategy, struct move *move, struct err *err);

#endif
