/* SPDX-License-Identifier: MIT */
/* Less processor time for a container whose memory changes too fast for pre-copy. */
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "steps.h"

static int look(struct move *move, struct err *err)
{
	if (runtime_quota_look(&move->side[SOURCE].runtime, &move->progress.quota, err) < 0)
		return -1;
	move->progress.looked_us = clock_now_us();
	return 0;
}

int throttle_begin(struct move *move, struct err *err)
{
	struct err unknown = ERR_INIT;

	if (!move->plan.throttle || look(move, &unknown) == 0)
		return 0;
	if (move->side[SOURCE].host->lost) {
		*err = unknown;
		return -1;
	}
	/* A kernel without such quotas. */
	event_note(move->events, "it can't be throttled: %s", unknown.msg);
	move->plan.throttle = false;
	return 0;
}

/* On disk before the quota changes: a recovery must know what it was. */
static int remember(struct move *move, const char *quota, struct err *err)
{
	if (*move->quota)
		return 0;
	memcpy(move->quota, quota, sizeof(move->quota));
	/* The dump is parked before the freeze, and notes the limits then. */
	move->side[SOURCE].options.quota = move->quota;
	json_t *all = move_json(move);
	int status = journal_change(&move->journal, all, err);

	json_decref(all);
	return status;
}

int throttle_again(struct move *move, bool *ret, struct err *err)
{
	const struct quota before = move->progress.quota;
	const int64_t looked_us = move->progress.looked_us;
	struct throttle *t = &move->progress.throttle;
	char quota[QUOTA_SIZE];

	if (look(move, err) < 0)
		return -1;
	*ret = throttle_more(t, &before, &move->progress.quota,
			     move->progress.looked_us - looked_us, quota);
	if (!*ret)
		return 0;
	if (remember(move, move->progress.quota.quota, err) < 0 ||
	    runtime_quota_set(&move->side[SOURCE].runtime, quota, err) < 0)
		return -1;
	event_note(move->events,
		   "its changes don't shrink: it gets %u %% of the processor time that it used",
		   t->percent);
	return 0;
}

int throttle_end(struct move *move, struct err *err)
{
	return *move->quota ? runtime_quota_set(&move->side[SOURCE].runtime, move->quota, err) : 0;
}

enum undo_result undo_pre_copy(struct move *move, struct err *err)
{
	return throttle_end(move, err) < 0 ? UNDO_LEFT : UNDO_DONE;
}
