/* SPDX-License-Identifier: MIT */
/* Removes everything that a move has put on the two hosts. */
#include "cmigrate/criu/direct_transport.h"
#include "steps.h"

int step_clean(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	keep_logs(move);
	if (dst->handover.n && (handover_hold_clear(&dst->handover, move->tag, err) < 0 ||
				handover_announce(&dst->handover, err) < 0))
		return -1;
	if (src->handover.n && (handover_address_down(&src->handover, err) < 0 ||
				handover_forward_clear(&src->handover, move->tag, err) < 0))
		return -1;
	if (direct_close(move, err) < 0 || runtime_clean(&dst->runtime, false, err) < 0)
		return -1;
	/* The images are on the shared directory: another host removes them if the source is off.
	 */
	bool by_source = !src->host->fenced;
	if (!by_source && runtime_clean(&dst->runtime, !move->plan.keep_images, err) < 0)
		return -1;
	return runtime_clean(&src->runtime, by_source && !move->plan.keep_images, err);
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
