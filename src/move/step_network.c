/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmigrate/base/deadline.h"
#include "steps.h"

/*
 * If the source can't send packets on: the announcement has so long to arrive before the source
 * loses the address. Until then the source serves what is sent to it.
 */
#define ANNOUNCE_MS 3

int step_hold(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	if (!dst->handover.n)
		return 0;
	if (handover_hold(&dst->handover, move->tag, &move->progress.hold, err) < 0)
		return -1;
	str_set(&move->summary.packets, move->progress.hold == HOLD_DROPPED ? "dropped" : "queued");
	return 0;
}

enum undo_result undo_hold(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	if (!dst->handover.n)
		return UNDO_DONE;
	/* While the address is there, the kernel would answer what comes through with a reset. */
	if (move->progress.address_left) {
		(void)err_set(err, EXIT_FAILED,
			      "what arrives for it there is held back until then");
		return UNDO_LEFT;
	}
	return handover_hold_clear(&dst->handover, move->tag, err) < 0 ? UNDO_LEFT : UNDO_DONE;
}

int step_address(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	return handover_address_enter(&dst->handover, err);
}

enum undo_result undo_address(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	move->progress.address_left = handover_address_down(&dst->handover, err) < 0;
	return move->progress.address_left ? UNDO_LEFT : UNDO_DONE;
}

/* This hand-over needs no support by the source's kernel. */
static int announce_and_leave(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	if (handover_announce(&dst->handover, err) < 0)
		return -1;
	clock_sleep_ms(ANNOUNCE_MS);
	return handover_address_down(&src->handover, err);
}

int step_settle(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct err why = ERR_INIT;

	if (!src->handover.n)
		return 0;
	/* New connections wait from here on. */
	if (await_parked_restore(move, err) < 0)
		return -1;
	move->progress.forwarding = handover_forward(&src->handover, move->tag, &why) == 0;
	if (!move->progress.forwarding) {
		event_note(move->events, "late packets are not sent on: %s", why.msg);
		return announce_and_leave(move, err);
	}
	return handover_settle(&src->handover, err);
}

enum undo_result undo_settle(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (!src->handover.n)
		return UNDO_DONE;
	/* All of them are fine if nothing had been done. Going back needs the source's address. */
	if (handover_forward_clear(&src->handover, move->tag, err) < 0 ||
	    handover_address_up(&src->handover, err) < 0 ||
	    handover_announce(&src->handover, err) < 0)
		return UNDO_DOUBT;
	return UNDO_DONE;
}

int step_release(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct err unheard = ERR_INIT;

	move->progress.released = true;
	if (!dst->handover.n)
		return 0;
	/* After a crash it isn't known how packets are held. Drop them: the senders repeat them. */
	int status =
		move->progress.hold == HOLD_NONE
			? handover_hold_clear(&dst->handover, move->tag, err)
			: handover_release(&dst->handover, move->tag, move->progress.hold, err);
	/*
	 * Earlier its processes would slow the dump and the restore down, and late packets are sent
	 * on anyway. It is repeated after the commit, and a failure shows then.
	 */
	if (status == 0)
		(void)handover_address_start(&dst->handover, "announce", &move->jobs.announce,
					     &unheard);
	return status;
}
