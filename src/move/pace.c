/* SPDX-License-Identifier: MIT */
/* --bandwidth: the source's agent keeps CRIU from sending memory faster. */
#include "cmigrate/criu/post_copy.h"
#include "part.h"
#include "steps.h"

bool pace_applies(const struct move *move)
{
	return move_is_direct(move) || move_is_post_copy(move);
}

void pace_start(struct move *move)
{
	struct err why = ERR_INIT;

	if (!move->plan.bandwidth || !pace_applies(move))
		return;
	job_cancel(&move->jobs.pace);
	if (page_server_pace_start(&move->page_server, &move->side[SOURCE].runtime,
				   move->plan.bandwidth, &move->jobs.pace, &why) < 0)
		event_note(move->events, "--bandwidth has no effect: %s", why.msg);
}

void pace_end(struct move *move)
{
	struct job *pace = &move->jobs.pace;
	struct err why = ERR_INIT;

	if (pace->state == JOB_DONE && !pace->lost && job_failure(pace, &why) < 0)
		event_note(move->events, "--bandwidth had no effect: %s", why.msg);
	job_cancel(pace);
}
