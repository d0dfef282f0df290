/* SPDX-License-Identifier: MIT */
/*
 * engine: runs the steps of a move in order, and undoes them in reverse when one fails.
 *
 * Before a step its intent goes to the journal, after it its end. Up to the step marked as the
 * commit point a failure or a signal undoes everything; behind it the move is only ever finished.
 */
#ifndef CMIGRATE_ENGINE_H
#define CMIGRATE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/move/move.h"

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
	bool committed; /* all its steps are behind the commit point */
};

/*
 * Runs a strategy from its first step, journal included, and fills move->summary (outcome, exit
 * code, steps, times). Returns the exit code; *err has the cause where it isn't EXIT_DONE.
 */
enum exit_code engine_run(const struct strategy *strategy, struct move *move, struct err *err);
/* The same from a step on, without a new "begin": a move that was interrupted. */
enum exit_code engine_resume(const struct strategy *strategy, const char *from, struct move *move,
			     struct err *err);
/* Recovery's way back: undoes every step, whatever had been done of it. */
enum exit_code engine_back(const struct strategy *strategy, struct move *move, struct err *err);
/* Recovery's way forward: the steps behind the commit point. */
enum exit_code engine_forward(const struct strategy *strategy, struct move *move, struct err *err);

#endif
