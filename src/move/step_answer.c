/* SPDX-License-Identifier: MIT */
/* The proof that the destination's copy serves, and what follows from it: the commit. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "steps.h"

/* How long the endpoint may still take once a signal has come. */
#define CANCELLED_MS 1000

/*
 * Who answers may be another machine, for a copy that ended at once. Where that host can't be asked
 * now, the copy is told by its answer.
 */
static int runs_on_destination(struct move *move, bool has_answered, struct err *err)
{
	struct runtime dst = move_runtime_destination(move);
	CLEANUP_FREE char *status = NULL;
	struct err unknown = ERR_INIT;

	if (runtime_status(&dst, &status, &unknown) < 0) {
		if (has_answered)
			return 0;
		*err = unknown;
		return -1;
	}
	if (strcmp(status, "running") == 0)
		return 0;
	/* One that somebody paused may have served: it is nobody's to end. */
	if (strcmp(status, "paused") != 0) {
		move->answered_us = 0;
		move->unanswered = true;
	}
	return err_set(err, EXIT_FAILED, "%s: the restored container is %s", move->destination_name,
		       *status ? status : "gone");
}

/* A signal shortens the wait, but an answer that comes at once still finishes the move. */
static int wait_for_answer(struct move *move, struct err *err)
{
	int64_t end = deadline_in_ms(move->timeout_ms);

	if (probe_wait(move->probe, end, &move_cancelled, &move->answered_us, err) == 0)
		return 0;
	if (!move_cancelled)
		return -1;
	return probe_wait(move->probe, deadline_min(end, deadline_in_ms(CANCELLED_MS)), NULL,
			  &move->answered_us, err);
}

int step_answer(struct move *move, struct err *err)
{
	struct err silent = ERR_INIT;

	if (move_make_probe(move, err) < 0)
		return -1;
	if (!move->probe) {
		move->answered_us = clock_now_us();
		return runs_on_destination(move, false, err);
	}
	if (wait_for_answer(move, &silent) == 0) {
		CLEANUP_FREE char *answer = probe_answer(move->probe);
		str_set(&move->summary.answered_by, answer);
		return runs_on_destination(move, true, err);
	}
	move->answered_us = 0;
	move->unanswered = !move_cancelled;
	if (move_cancelled || !move->keep_silent)
		return err_set(err, EXIT_FAILED, "%s",
			       move_cancelled ? "stopped by a signal" : silent.msg);
	str_set(&move->silent, silent.msg);
	return runs_on_destination(move, false, err);
}

int step_commit(struct move *move, struct err *err)
{
	if (gate_holds(move, err) < 0)
		return -1;
	return journal_add(&move->journal, "commit", NULL, true, err);
}

int step_return(struct move *move, struct err *err)
{
	(void)move;
	(void)err;
	return 0;
}
