/* SPDX-License-Identifier: MIT */
#include "freeze_limit.h"

#include "cmigrate/base/deadline.h"

/* Kept for the undo: less than 3 s on usual hosts, an emulated one took 17 s. */
#define UNDO_MS 20000

int freeze_limit_ms(const struct move *move)
{
	const int64_t memory_ms = move->plan.dump_timeout_ms - DUMP_BASE_MS;
	/* A checkpoint only dumps, all else dumps and restores. */
	const int times = move->kind == MOVE_CHECKPOINT ? 1 : 2;
	int64_t ms = times * DUMP_BASE_MS;

	if (memory_ms > 0 && !move_is_post_copy(move))
		ms += times * memory_ms;
	return (int)(ms + UNDO_MS);
}

void freeze_begin(struct move *move)
{
	move->progress.freeze_us = clock_now_us();
	move->progress.freeze_limit_ms = freeze_limit_ms(move);
	move->progress.freeze_end_us = deadline_in_ms(move->progress.freeze_limit_ms - UNDO_MS);
	move->side[SOURCE].host->limit_us = move->side[DESTINATION].host->limit_us =
		move->progress.freeze_end_us;
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
