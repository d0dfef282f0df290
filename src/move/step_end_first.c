/* SPDX-License-Identifier: MIT */
/* The source's copy is ended before the restore, once its images are sure to be the way back. */
#include <string.h>

#include "freeze_limit.h"
#include "steps.h"

/* CRIU does not look at what closing a file says: what was never written is missing elsewhere. */
static int compare_images(struct move *move, struct err *err)
{
	CLEANUP_JOB struct job here = {0};
	CLEANUP_JOB struct job there = {0};
	struct job *jobs[] = {&here, &there};

	if (runtime_images_start(&move->side[SOURCE].runtime, false, &here, err) < 0 ||
	    runtime_images_start(&move->side[DESTINATION].runtime, false, &there, err) < 0)
		return -1;
	jobs_wait_all(jobs, 2);
	if (job_failure(&here, err) < 0)
		return err_wrap(err, "the images are not complete");
	if (job_failure(&there, err) < 0)
		return err_wrap(err, "the images are not complete");
	if (strcmp(buf_str(&here.out), buf_str(&there.out)) == 0)
		return 0;
	return err_set(err, EXIT_FAILED, "the images that %s sees are not those that %s wrote",
		       move->side[DESTINATION].name, move->side[SOURCE].name);
}

int step_end_first(struct move *move, struct err *err)
{
	if (compare_images(move, err) < 0)
		return -1;
	freeze_unbind(move);
	return step_open_gate(move, err);
}
