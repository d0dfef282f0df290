/* SPDX-License-Identifier: MIT */
/* Removes everything that a move has put on the two hosts. */
#include "cmigrate/criu/direct_transport.h"
#include "steps.h"

/* Ends jobs of which some may not have been started; the first failure counts. */
static int finish_all(struct job *const *jobs, size_t n, int status, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct err later = ERR_INIT;
		if (job_finish(jobs[i], status == 0 ? err : &later) < 0)
			status = -1;
	}
	return status;
}

/* On both hosts at once: the destination takes packets as they come and tells its neighbours again,
 * the address leaves the source in any case. */
static int settle_addresses(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];
	struct job hold = {0}, announce = {0}, down = {0};
	int status = 0;

	if (dst->handover.n &&
	    (handover_clear_start(&dst->handover, "hold", move->tag, &hold, err) < 0 ||
	     handover_address_start(&dst->handover, "announce", &announce, err) < 0))
		status = -1;
	if (status == 0 && src->handover.n)
		status = handover_address_start(&src->handover, "down", &down, err);
	return finish_all((struct job *[]){&hold, &announce, &down}, 3, status, err);
}

static int clean_hosts(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];
	/* The images are on the shared directory: another host removes them if the source is off.
	 */
	bool by_source = !src->host->fenced;

	if (direct_close(move, err) < 0 || runtime_clean(&dst->runtime, false, err) < 0)
		return -1;
	if (!by_source && runtime_clean(&dst->runtime, !move->plan.keep_images, err) < 0)
		return -1;
	return runtime_clean(&src->runtime, by_source && !move->plan.keep_images, err);
}

int step_clean(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job forward = {0};

	keep_logs(move);
	if (settle_addresses(move, err) < 0)
		return -1;
	/* Only after the announcement: until then packets still come to the source. */
	if (src->handover.n &&
	    handover_clear_start(&src->handover, "forward", move->tag, &forward, err) < 0)
		return -1;
	int status = clean_hosts(move, err);
	return finish_all((struct job *[]){&forward}, 1, status, err);
}

/* Post-copy: ends the process that fetches memory, and removes the rules at the page server. */
static int end_pages(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	return post_copy_end(&dst->runtime, err) < 0 ||
			       page_server_clear(&move->page_server, &src->runtime, err) < 0
		       ? -1
		       : 0;
}

int step_tidy(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	if (handover_address_down(&dst->handover, err) < 0 ||
	    runtime_erase(&dst->runtime, err) < 0 || runtime_erase(&src->runtime, err) < 0)
		return -1;
	return move_is_post_copy(move) ? end_pages(move, err) : 0;
}
