/* SPDX-License-Identifier: MIT */
/* The destination's copy: restored, or taken away again. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/criu/container_tmpfs.h"
#include "cmigrate/criu/direct_transport.h"
#include "freeze_limit.h"
#include "steps.h"

/* The watch's word (src/agent/restore/watch.c). */
#define RESUMED "resumed"

/* How a line about a limit begins, and how many lines there can be. */
#define LIMIT "limit "
#define LIMITS_MAX 32
#define LIMITS_REMEDY "set it there: runc update"

/* Waits for the restore, for its end or a failure in its log, or for the freeze's limit. A parked
 * restore has a later deadline of its own. */
static int await_restore(struct move *move, struct err *err)
{
	struct job *jobs[] = {&move->jobs.restore, &move->jobs.watch};
	int first =
		move->jobs.restore.state == JOB_DONE ? 0 : jobs_wait_any(jobs, 2, freeze_end(move));

	/* The watch ended first. Its host being lost says nothing of the restore. */
	if (first == 1 &&
	    (move->jobs.watch.lost || move->jobs.watch.timed_out || move->jobs.watch.status))
		first = jobs_wait_any(jobs, 1, freeze_end(move));
	if (first == 0)
		return job_failure(&move->jobs.restore, err);
	if (first < 0) {
		move->jobs.restore.timed_out = true;
		return -1;
	}
	CLEANUP_FREE char *text = str_dup(buf_str(&move->jobs.watch.out));
	char *why = str_trim(text);
	return strcmp(why, RESUMED) == 0 ? 0 : err_set(err, EXIT_FAILED, "%s", why);
}

/* A parked restore goes on. If it has ended meanwhile, await_restore() tells why. */
static int start_restore(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct job go = {0}, *restore = &move->jobs.restore, *jobs[] = {&go, restore};

	if (direct_images(move, err) < 0)
		return -1;
	if (restore->state == JOB_NONE)
		return runtime_restore_start(&dst->runtime, &dst->options, false,
					     freeze_left_ms(move), restore, err);
	if (move->progress.tmpfs_changed && tmpfs_refill(&dst->runtime, err) < 0)
		return -1;
	if (runtime_restore_go_start(&dst->runtime, &go, err) < 0)
		return -1;
	int status = jobs_wait_any(jobs, 2, freeze_end(move)) == 0 ? job_failure(&go, err) : 0;
	job_clear(&go);
	return status;
}

/* The container runs, without the limits that the agent's lines "limit FILE VALUE: WHY" name. */
static void warn_of_limits(struct move *move)
{
	CLEANUP_ARGV struct argv lines = {0};
	const char *to = move->side[DESTINATION].name;

	argv_words(&lines, buf_str(&move->jobs.restore.out), "\n");
	for (size_t i = 0; i < lines.n && i < LIMITS_MAX; i++) {
		if (!str_starts(lines.v[i], LIMIT))
			continue;
		CLEANUP_FREE char *message =
			str_fmt("on %s it lacks its limit %.200s", to, lines.v[i] + strlen(LIMIT));
		str_mask(message);
		event_note(move->events, "limits: %s (" LIMITS_REMEDY ")", message);
		warnings_add(&move->summary.warnings, "limits", message, LIMITS_REMEDY);
	}
}

int restore_end(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct job *restore = &move->jobs.restore;

	if (restore->state == JOB_NONE)
		return 0;
	job_wait(restore);
	if (restore->lost)
		return 0;
	if (job_failure(restore, err) == 0) {
		warn_of_limits(move);
		return 0;
	}
	(void)err_set(err, EXIT_FAILED, "the restore failed after its processes ran");
	runtime_diagnose(&dst->runtime, "restore", err);
	return -1;
}

int step_restore(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct err why = ERR_INIT;

	if (gate_holds(move, err) < 0 || start_restore(move, err) < 0)
		return -1;
	if (await_restore(move, &why) == 0) {
		move->progress.thawed_us = clock_now_us();
		freeze_lift(move);
		return 0;
	}
	*err = why;
	if (move->jobs.restore.lost)
		return -1;
	/* The container waits, and there is nothing to be found out. */
	if (move->jobs.restore.state != JOB_DONE && move->progress.freeze_bounded &&
	    freeze_overran(move))
		return err_set(err, EXIT_FAILED, "%s: the restore has not ended", dst->name);
	if (move->jobs.restore.timed_out)
		(void)err_set(err, EXIT_FAILED, "the restore did not end within %d s",
			      freeze_seconds(move));
	else
		(void)err_set(err, EXIT_FAILED, "the restore failed");
	if (move->jobs.restore.state == JOB_RUNNING && *why.msg)
		(void)err_append(err, "%s: %s", dst->name, why.msg);
	runtime_diagnose(&dst->runtime, "restore", err);
	return -1;
}

/*
 * Whether the copy on the destination is the only one: the source's was killed at its gate, or its
 * host is lost. If the images are the way back (ungated, a restore, a recovery from them) there is
 * nothing to ask.
 */
static bool is_last(struct move *move)
{
	struct side *src = &move->side[SOURCE];
	CLEANUP_FREE char *status = NULL;
	struct err unknown = ERR_INIT;

	if (!move->progress.released || move->plan.ends_first || move->kind != MOVE_WHOLE ||
	    move->recovery.keep_journal)
		return false;
	return runtime_status(&src->runtime, &status, &unknown) < 0 || !*status ||
	       strcmp(status, "stopped") == 0;
}

/* A recovery has no job, and a restore from images has another prepare. */
static bool erased_later(const struct move *move)
{
	return move->kind == MOVE_WHOLE && !move->recovery.active &&
	       move->jobs.restore.state != JOB_NONE;
}

enum undo_result undo_restore(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct err killed = ERR_INIT;

	if (is_last(move)) {
		(void)err_set(err, EXIT_FAILED, "%s may have the only copy, which goes on",
			      dst->name);
		return UNDO_DOUBT;
	}
	move->progress.thawed_us = 0;
	/* The address first: processes that are killed with it there reset their connections. */
	if (handover_address_down(&dst->handover, err) < 0)
		return UNDO_DOUBT;
	/* The source waits only for the end of the copy. The undo of prepare removes the rest. */
	if (erased_later(move))
		return runtime_end_copy(&dst->runtime, err) < 0 ? UNDO_DOUBT : UNDO_DONE;
	if (runtime_erase(&dst->runtime, err) < 0)
		return UNDO_DOUBT;
	(void)job_finish(&move->jobs.restore, &killed);
	return UNDO_DONE;
}
