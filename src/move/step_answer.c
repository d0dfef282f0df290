/* SPDX-License-Identifier: MIT */
/* The proof that the destination's copy serves, and what follows from it: the commit. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "freeze_limit.h"
#include "steering.h"
#include "steps.h"

/* How long the endpoint may still take once a signal has come. */
#define CANCELLED_MS 1000

/* If only a part of the copy is left, its endpoint may answer all the same. */
static int is_whole(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	if (runtime_is_whole(&dst->runtime, err) == 0 || dst->host->lost)
		return 0;
	move->progress.answered_us = 0;
	move->progress.unanswered = true;
	return err_wrap(err, "the restored container is not whole");
}

/* Another machine may answer for a copy that ended at once. */
int copy_runs(struct move *move, bool has_answered, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	CLEANUP_FREE char *status = NULL;
	struct err unknown = ERR_INIT;

	if (runtime_status(&dst->runtime, &status, &unknown) < 0) {
		if (has_answered)
			return 0;
		*err = unknown;
		return -1;
	}
	if (strcmp(status, "running") == 0)
		return is_whole(move, err);
	/* A copy that somebody paused may have served: the move does not end it. */
	if (strcmp(status, "paused") != 0) {
		move->progress.answered_us = 0;
		move->progress.unanswered = true;
		move->progress.copy_ended = true;
	}
	return err_set(err, EXIT_FAILED, "%s: the restored container is %s", dst->name,
		       *status ? status : "gone");
}

static bool is_cancelled(void *move)
{
	steering_look(move);
	return move_cancelled != 0;
}

/* A signal or an abort shortens the wait, but an answer that comes at once still finishes the move.
 */
static int wait_for_answer(struct move *move, struct err *err)
{
	int64_t end = deadline_in_ms(move->plan.timeout_ms);
	const struct probe_stop stop = {is_cancelled, move};

	if (probe_wait(move->probe, end, &stop, &move->progress.answered_us, err) == 0)
		return 0;
	if (!move_cancelled)
		return -1;
	return probe_wait(move->probe, deadline_min(end, deadline_in_ms(CANCELLED_MS)), NULL,
			  &move->progress.answered_us, err);
}

int step_answer(struct move *move, struct err *err)
{
	struct err silent = ERR_INIT;

	if (move_make_probe(move, err) < 0)
		return -1;
	if (!move->probe) {
		move->progress.answered_us = clock_now_us();
		return 0;
	}
	if (wait_for_answer(move, &silent) == 0) {
		CLEANUP_FREE char *answer = probe_answer(move->probe);
		str_set(&move->summary.answered_by, answer);
		return 0;
	}
	move->progress.answered_us = 0;
	move->progress.unanswered = !move_cancelled;
	if (move_cancelled || !move->plan.keep_silent)
		return err_set(err, EXIT_FAILED, "%s",
			       move_cancelled ? move_cancelled_by() : silent.msg);
	str_set(&move->progress.silent, silent.msg);
	return 0;
}

/*
 * After the last step that may take long, and as near as can be to the end of the other copy. An
 * endpoint that has answered is enough of a host that can't be asked now.
 */
static int ask_copy(struct move *move, struct err *err)
{
	if (restore_end(move, err) < 0)
		return -1;
	return copy_runs(move, move->probe && move->progress.answered_us, err);
}

int step_commit(struct move *move, struct err *err)
{
	if (move->kind != MOVE_CHECKPOINT && ask_copy(move, err) < 0)
		return -1;
	if (gate_holds(move, err) < 0)
		return -1;
	if (journal_add(&move->journal, "commit", NULL, true, err) < 0)
		return -1;
	freeze_lift(move);
	return 0;
}

int step_return(struct move *move, struct err *err)
{
	return ask_copy(move, err);
}
