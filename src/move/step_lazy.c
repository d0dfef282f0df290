/* SPDX-License-Identifier: MIT */
/*
 * The steps of a lazy restore beside those of a cold move. All memory is in the images, which the
 * destination has, so whatever happens to the source costs nothing once they are complete. If the
 * program that serves pages fails while the copy lacks some, the copy is ended at once, and the
 * source goes on from its gate.
 */
#include "cmigrate/base/deadline.h"
#include "freeze_limit.h"
#include "steps.h"

int step_prepare_lazy(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	return step_prepare_hosts(move, err) < 0 ||
			       post_copy_fetch_start(NULL, &dst->runtime, 0, &move->jobs.fetch,
						     err) < 0
		       ? -1
		       : step_park(move, err);
}

/* The passes decide what serves the memory. */
int step_park_lazy(struct move *move, struct err *err)
{
	const struct side *dst = &move->side[DESTINATION];

	return move->plan.lazy &&
			       post_copy_fetch_start(NULL, &dst->runtime, dst->options.parent_pass,
						     &move->jobs.fetch, err) < 0
		       ? -1
		       : step_park(move, err);
}

int lazy_close(struct move *move, struct err *err)
{
	return move->plan.lazy ? post_copy_end(&move->side[DESTINATION].runtime, err) : 0;
}

/*
 * Nothing of the lazy restore is left: all memory is restored at once, from the same images. This
 * is in the journal first, because a recovery that waited for pages would take the copy for one
 * that lacks them.
 */
static int give_up(struct move *move, const struct err *why, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	event_note(move->events, "%s; all memory is restored at once instead", why->msg);
	if (lazy_close(move, err) < 0 || end_parked_restore(move, err) < 0 ||
	    runtime_forget_restore(&dst->runtime, err) < 0)
		return -1;
	move->plan.lazy = dst->options.lazy_pages = false;
	json_t *all = move_json(move);
	int status = journal_change(&move->journal, all, err);
	json_decref(all);
	if (status < 0)
		return -1;
	if (move->jobs.watch.state != JOB_NONE)
		job_clear(&move->jobs.watch);
	return runtime_watch_start(&dst->runtime, &move->jobs.watch, err);
}

/* A host that is gone, or a freeze that has lasted long enough, leaves no time for another way. */
static bool may_give_up(const struct move *move)
{
	return !move->side[DESTINATION].host->lost && !deadline_passed(freeze_end(move));
}

int step_serve_images(struct move *move, struct err *err)
{
	struct err why = ERR_INIT;

	if (gate_holds(move, err) < 0)
		return -1;
	if (direct_images(move, &why) == 0 && pages_ready(move, &why) == 0)
		return 0;
	if (may_give_up(move))
		return give_up(move, &why, err);
	*err = why;
	return -1;
}

int step_restore_lazy(struct move *move, struct err *err)
{
	struct err why = ERR_INIT;

	if (!move->plan.lazy || gate_holds(move, err) < 0)
		return move->plan.lazy ? -1 : step_restore(move, err);
	if (step_restore(move, &why) == 0)
		return 0;
	if (may_give_up(move) && !move->jobs.restore.lost && !move->jobs.restore.timed_out)
		return give_up(move, &why, err) < 0 ? -1 : step_restore(move, err);
	*err = why;
	return -1;
}

int step_drain_images(struct move *move, struct err *err)
{
	return move->plan.lazy ? step_drain(move, err) : 0;
}
