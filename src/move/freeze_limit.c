/* SPDX-License-Identifier: MIT */
#include "freeze_limit.h"

#include "cmigrate/base/deadline.h"

/* Kept for the undo: less than 3 s on usual hosts, an emulated one took 17 s. */
#define UNDO_MS 20000

int freeze_limit_ms(const struct move *move)
{
	const int64_t memory_ms = move->plan.dump_timeout_ms - DUMP_BASE_MS;
	/* Frozen, a checkpoint and a rehearsal only dump, all else dumps and restores. */
	const bool dumps = move->kind == MOVE_CHECKPOINT || move->kind == MOVE_REHEARSAL;
	const int times = dumps ? 1 : 2;
	int64_t ms = times * DUMP_BASE_MS;

	if (memory_ms > 0 && !move_is_post_copy(move))
		ms += times * memory_ms;
	return (int)(ms + UNDO_MS);
}

bool freeze_is_bounded(const struct move *move)
{
	return move->plan.if_slow == IF_SLOW_ABORT && move->kind == MOVE_WHOLE && move->plan.gate;
}

/* Both hosts have the limit from now on. */
static void end_after(struct move *move, int ms)
{
	move->progress.freeze_end_us = move->progress.freeze_us + (int64_t)ms * 1000;
	move->side[SOURCE].host->limit_us = move->side[DESTINATION].host->limit_us =
		move->progress.freeze_end_us;
}

void freeze_begin(struct move *move)
{
	move->progress.freeze_us = clock_now_us();
	move->progress.freeze_limit_ms = freeze_limit_ms(move);
	const int ms = move->progress.freeze_limit_ms - UNDO_MS;
	move->progress.freeze_bounded =
		freeze_is_bounded(move) && move->plan.max_downtime_ms < (unsigned)ms;
	end_after(move, move->progress.freeze_bounded ? (int)move->plan.max_downtime_ms : ms);
}

void freeze_unbind(struct move *move)
{
	if (!move->progress.freeze_bounded || !move->progress.freeze_end_us)
		return;
	move->progress.freeze_bounded = false;
	end_after(move, move->progress.freeze_limit_ms - UNDO_MS);
}

void freeze_lift(struct move *move)
{
	if (!move->progress.freeze_end_us)
		return;
	move->progress.freeze_end_us = 0;
	move->side[SOURCE].host->limit_us = move->side[DESTINATION].host->limit_us = 0;
}

int64_t freeze_end(const struct move *move)
{
	return move->progress.freeze_end_us ? move->progress.freeze_end_us
					    : deadline_in_ms(move->plan.dump_timeout_ms);
}

int freeze_left_ms(const struct move *move)
{
	const int left = deadline_poll_ms(freeze_end(move));

	return left > 0 ? left : 1;
}

int freeze_seconds(const struct move *move)
{
	return (move->progress.freeze_end_us ? move->progress.freeze_limit_ms - UNDO_MS
					     : move->plan.dump_timeout_ms) /
	       1000;
}

bool freeze_overran(const struct move *move)
{
	return deadline_passed(move->progress.freeze_end_us);
}

void freeze_judge(struct move *move, struct err *err)
{
	if (!freeze_overran(move))
		return;
	str_set(&move->summary.undone_by,
		move->progress.freeze_bounded ? UNDONE_BY_BOUND : UNDONE_BY_LIMIT);
	if (move->progress.freeze_bounded)
		(void)err_wrap(err, "frozen for longer than the %u ms of --max-downtime",
			       move->plan.max_downtime_ms);
}

void freeze_tell(const struct move *move, struct err *err)
{
	const struct move_progress *p = &move->progress;
	const double ms = (double)(p->thawed_us - p->freeze_us) / 1000;

	if (!p->freeze_limit_ms || !p->thawed_us)
		return;
	if (p->freeze_bounded)
		(void)err_append(err, "it was frozen for %.0f ms", ms);
	else
		(void)err_append(err, "it was frozen for %.1f s, and its limit is %d s", ms / 1000,
				 p->freeze_limit_ms / 1000);
}
