/* SPDX-License-Identifier: MIT */
/* Removes everything that a move has put on the two hosts. */
#include "cmigrate/criu/direct_transport.h"
#include "steps.h"

/* Ends a job, if it was started; an earlier failure counts. */
static int finish(struct job *job, int status, struct err *err)
{
	struct err later = ERR_INIT;

	return job_finish(job, status == 0 ? err : &later) < 0 ? -1 : status;
}

/* The images are on the shared directory: another host removes them if the source is off. */
static int clean_source(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];
	bool by_source = !src->host->fenced;

	if (!by_source && runtime_clean(&dst->runtime, !move->plan.keep_images, err) < 0)
		return -1;
	return runtime_clean(&src->runtime, by_source && !move->plan.keep_images, err);
}

/* Starts to take packets as they come, and to tell the neighbours again. */
static int open_destination(struct move *move, struct job *hold, struct job *announce,
			    struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	return dst->handover.n && (handover_clear_start(&dst->handover, "hold", move->tag, hold,
							err) < 0 ||
				   handover_address_start(&dst->handover, "announce", announce,
							  err) < 0)
		       ? -1
		       : 0;
}

/* Only after the announcement: until then packets still come to the source. */
static int close_source(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job forward = {0};

	if (src->handover.n &&
	    (handover_address_down(&src->handover, err) < 0 ||
	     handover_clear_start(&src->handover, "forward", move->tag, &forward, err) < 0))
		return -1;
	int status = clean_source(move, err);
	return finish(&forward, status, err);
}

/* The hosts don't wait for each other. */
int step_clean(struct move *move, struct err *err)
{
	struct job hold = {0}, announce = {0};

	keep_logs(move);
	int status = open_destination(move, &hold, &announce, err);
	status = finish(&announce, status, err);
	if (status == 0)
		status = direct_close(move, err) < 0 ? -1 : close_source(move, err);
	status = finish(&hold, status, err);
	return status < 0 ? -1 : runtime_clean(&move->side[DESTINATION].runtime, false, err);
}

/* Post-copy: ends the process that fetches memory, and removes the rules at the page server. */
static int end_pages(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	return post_copy_end(&dst->runtime, err) < 0 || release_pages(move, src, err) < 0 ? -1 : 0;
}

int step_tidy(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	if (handover_address_down(&dst->handover, err) < 0 ||
	    runtime_erase(&dst->runtime, err) < 0 || runtime_erase(&src->runtime, err) < 0)
		return -1;
	return move_is_post_copy(move) ? end_pages(move, err) : lazy_close(move, err);
}
