/* SPDX-License-Identifier: MIT */
/*
 * engine: runs the steps of a move in order, and undoes them in reverse when one fails.
 *
 * The intent of a step goes to the journal before it. Until the step that is the commit point, a
 * failure or a signal undoes everything. After it the move is only ever finished.
 */
#ifndef CMIGRATE_ENGINE_H
#define CMIGRATE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/move/move.h"

/* The result of an undo. */
enum undo_result {
	UNDO_DONE,
	UNDO_LEFT,  /* something harmless is left on a host; a recovery removes it */
	UNDO_DOUBT, /* a copy may run: nothing more may be started */
};

struct step {
	const char *name;
	int (*run)(struct move *move, struct err *err);
	/* Must do no harm if the step ran half or not at all: recovery calls it like that. */
	enum undo_result (*undo)(struct move *move, struct err *err);
	bool frozen; /* the container's processes are stopped while it runs */
	bool commit; /* no way back after it */
};

struct strategy {
	const char *name;
	const struct step *steps;
	size_t n;
	bool committed; /* all its steps come after the commit point */
};

/*
 * Runs a strategy from its first step, journal included, and fills move->summary (outcome, exit
 * code, steps, times). Returns the exit code; *err has the cause unless that is EXIT_DONE.
 */
enum exit_code engine_run(const struct strategy *strategy, struct move *move, struct err *err);
/* The same from a step on, without a new "begin", for a move that was interrupted. */
enum exit_code engine_resume(const struct strategy *strategy, const char *from, struct move *move,
			     struct err *err);
/* For recovery: undoes every step, whether it had been done or not. */
enum exit_code engine_back(const struct strategy *strategy, struct move *move, struct err *err);
/* For recovery: runs the steps after the commit point. */
enum exit_code engine_forward(const struct strategy *strategy, struct move *move, struct err *err);

#endif
