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

	if (!dst->net.n)
		return 0;
	if (net_hold(&dst->net, move->tag, &move->progress.hold, err) < 0)
		return -1;
	str_set(&move->summary.packets, move->progress.hold == HOLD_DROPPED ? "dropped" : "queued");
	return 0;
}

enum undo_result undo_hold(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	if (!dst->net.n)
		return UNDO_DONE;
	/* While the address is there, the kernel would answer what comes through with a reset. */
	if (move->progress.address_left) {
		(void)err_set(err, EXIT_FAILED,
			      "what arrives for it there is held back until then");
		return UNDO_LEFT;
	}
	return net_hold_clear(&dst->net, move->tag, err) < 0 ? UNDO_LEFT : UNDO_DONE;
}

int step_address(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	return net_address_enter(&dst->net, err);
}

enum undo_result undo_address(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	move->progress.address_left = net_address_down(&dst->net, err) < 0;
	return move->progress.address_left ? UNDO_LEFT : UNDO_DONE;
}

/* This hand-over needs no support by the source's kernel. */
static int announce_and_leave(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	if (net_announce(&dst->net, err) < 0)
		return -1;
	clock_sleep_ms(ANNOUNCE_MS);
	return net_address_down(&src->net, err);
}

int step_settle(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct err why = ERR_INIT;

	if (!src->net.n)
		return 0;
	move->progress.forwarding = net_bounce(&src->net, move->tag, &why) == 0;
	if (!move->progress.forwarding) {
		event_note(move->events, "late packets are not sent on: %s", why.msg);
		return announce_and_leave(move, err);
	}
	return net_settle(&src->net, err);
}

enum undo_result undo_settle(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (!src->net.n)
		return UNDO_DONE;
	/* All of them are fine if nothing had been done. Going back needs the source's address. */
	if (net_bounce_clear(&src->net, move->tag, err) < 0 || net_address_up(&src->net, err) < 0 ||
	    net_announce(&src->net, err) < 0)
		return UNDO_DOUBT;
	return UNDO_DONE;
}

int step_release(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct err unheard = ERR_INIT;

	move->progress.released = true;
	if (!dst->net.n)
		return 0;
	/* After a crash it isn't known how packets are held. Drop them: the senders repeat them. */
	int status = move->progress.hold == HOLD_NONE
			     ? net_hold_clear(&dst->net, move->tag, err)
			     : net_release(&dst->net, move->tag, move->progress.hold,
					   &move->jobs.kick, err);
	/*
	 * Earlier its processes would slow the dump and the restore down, and late packets are sent
	 * on anyway. It is repeated after the commit, and a failure shows then.
	 */
	if (status == 0)
		(void)net_address_start(&dst->net, "announce", &move->jobs.announce, &unheard);
	return status;
}
