/* SPDX-License-Identifier: MIT */
/* Nothing of a move is left on either host. */
#include "cmigrate/criu/direct_transport.h"
#include "steps.h"

int step_clean(struct move *move, struct err *err)
{
	struct runtime src = move_runtime_source(move), dst = move_runtime_destination(move);
	struct net src_net = move_net_source(move), dst_net = move_net_destination(move);

	keep_logs(move);
	if (dst_net.n &&
	    (net_hold_clear(&dst_net, move->tag, err) < 0 || net_announce(&dst_net, err) < 0))
		return -1;
	if (src_net.n &&
	    (net_address_down(&src_net, err) < 0 || net_bounce_clear(&src_net, move->tag, err) < 0))
		return -1;
	if (direct_close(move, err) < 0 || runtime_clean(&dst, false, err) < 0)
		return -1;
	/* The images are on the shared directory: a source that is off needn't remove them. */
	bool by_source = !move->source->fenced;
	if (!by_source && runtime_clean(&dst, !move->keep_images, err) < 0)
		return -1;
	return runtime_clean(&src, by_source && !move->keep_images, err);
}

/* What a move whose memory was to follow has left: who fetches it, and the rules at its page
 * server. */
static int end_pages(struct move *move, struct err *err)
{
	struct runtime src = move_runtime_source(move), dst = move_runtime_destination(move);
	struct pages pages = move_pages(move);

	return pages_end(&dst, err) < 0 || pages_clear(&pages, &src, err) < 0 ? -1 : 0;
}

int step_tidy(struct move *move, struct err *err)
{
	struct runtime src = move_runtime_source(move), dst = move_runtime_destination(move);
	struct net net = move_net_destination(move);

	if (net_address_down(&net, err) < 0 || runtime_erase(&dst, err) < 0 ||
	    runtime_erase(&src, err) < 0)
		return -1;
	return move_is_post_copy(move) ? end_pages(move, err) : 0;
}
