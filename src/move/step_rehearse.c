/* SPDX-License-Identifier: MIT */
/* A rehearsal: the source goes on after its dump, and the restore stops before anything runs. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "freeze_limit.h"
#include "part.h"
#include "steps.h"

int step_go_on(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	freeze_lift(move);
	if (undo_dump(move, err) != UNDO_DONE || runtime_thaw(&src->runtime, err) < 0)
		return -1;
	move->progress.thawed_us = clock_now_us();
	return 0;
}

static int read_size(struct move *move, struct err *err)
{
	struct measure size;

	if (move_measure_images(&move->side[SOURCE], &size, err) < 0)
		return -1;
	move->summary.image_bytes = size.bytes;
	return 0;
}

int step_try(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	if (read_size(move, err) < 0)
		return -1;
	/* Its lock is the running container's. */
	if (move->plan.ends_first) {
		event_note(move->events, "the restore was not tried: it would wait for a file lock "
					 "that the container holds");
		return 0;
	}
	if (runtime_rehearse_start(&dst->runtime, &dst->options, &move->bundle,
				   move->plan.dump_timeout_ms, &move->jobs.restore, err) < 0)
		return -1;
	job_wait(&move->jobs.restore);
	if (job_failure(&move->jobs.restore, err) == 0)
		return 0;
	if (!move->jobs.restore.lost) {
		(void)err_set(err, EXIT_FAILED, "the restore failed");
		runtime_diagnose(&dst->runtime, "restore", err);
	}
	return -1;
}

/* None of its processes has run, so nothing is in doubt if that host does not answer. */
enum undo_result undo_try(struct move *move, struct err *err)
{
	if (runtime_erase(&move->side[DESTINATION].runtime, err) < 0)
		return UNDO_LEFT;
	if (move->jobs.restore.state != JOB_NONE)
		job_clear(&move->jobs.restore);
	return UNDO_DONE;
}

int step_clean_rehearsal(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	keep_logs(move);
	if (undo_try(move, err) != UNDO_DONE)
		return -1;
	return runtime_clean(&dst->runtime, false, err) < 0 ||
			       runtime_clean(&src->runtime, true, err) < 0
		       ? -1
		       : 0;
}
