/* SPDX-License-Identifier: MIT */
/*
 * handover: the hand-over of the service addresses: they are added to a device, announced and
 * removed; their packets are held at the destination, and forwarded from the source, while the
 * container is on its way.
 *
 * All of this happens on a host, in the network namespace `netns` unless that is NULL. Every call
 * can be repeated without harm; undo and recover rely on that. Every address must have its device.
 */
#ifndef CMIGRATE_NET_H
#define CMIGRATE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/name.h"
#include "cmigrate/host/host.h"

/* The addresses of one move on one host; host and netns are borrowed. */
struct handover {
	struct host *host;
	const char *netns; /* path, or NULL */
	struct address addresses[ADDRESSES_MAX];
	/* For each address, the other host's own one on the same network; "": it has none. */
	char next_hops[ADDRESSES_MAX][IP_SIZE];
	size_t n;
};

/* Adds the addresses to their devices (IPv6 with "nodad", because connections can't wait for
 * it). */
int handover_address_up(const struct handover *handover, struct err *err);
/*
 * As handover_address_up(), on a host where no copy of the container runs yet. First it clears what
 * the kernel there still keeps of the connections of an earlier copy, which would be in the way of
 * a restore.
 */
int handover_address_enter(const struct handover *handover, struct err *err);
/* Removes the addresses, whichever device has them. */
int handover_address_down(const struct handover *handover, struct err *err);
/* Tells the neighbours about the new host: gratuitous ARP, unsolicited neighbour advertisement.
 * Returns when they are on their way. */
int handover_announce(const struct handover *handover, struct err *err);
/*
 * Starts one of the calls above by its op of the agent's verb address: up, enter, down, announce;
 * or leave: down for a source whose container is frozen, as fast as it can be.
 */
int handover_address_start(const struct handover *handover, const char *op, struct job *job,
			   struct err *err);
/* The words of a request for a verb that takes op, netns and address. */
void handover_words(const struct handover *handover, const char *verb, const char *op,
		    struct argv *ret);

/* A name for whatever a move puts on a host: 8 hexadecimal digits from the container's name. */
#define HANDOVER_TAG_SIZE 9
void handover_tag(const char *container, char ret_tag[HANDOVER_TAG_SIZE]);

/* HOLD_PLUG queues packets with sch_plug, HOLD_BUCKET with a token bucket; see
 * src/agent/network/hold.c. */
enum hold_kind { HOLD_NONE, HOLD_PLUG, HOLD_BUCKET, HOLD_DROPPED };

/* On the destination, before it has the addresses: holds packets for them from now on. */
int handover_hold(const struct handover *handover, const char *tag, enum hold_kind *ret_kind,
		  struct err *err);
/* Releases packets, the queued ones first. The agent starts nothing for that, because clients
 * wait. */
int handover_release(const struct handover *handover, const char *tag, enum hold_kind kind,
		     struct err *err);
/* Removes the hold; packets that are still queued are lost. */
int handover_hold_clear(const struct handover *handover, const char *tag, struct err *err);

/*
 * At the source: requests for new connections to the addresses are sent on to the destination, to
 * the next hop of each. It fails if an address has none, or if the kernel or nft can't do it. Then
 * nothing is sent on, and the hand-over relies on the announcement.
 */
int handover_forward(const struct handover *handover, const char *tag, struct err *err);
/*
 * Forwards all packets for the addresses from now on, and drops TCP packets that the source's own
 * kernel still sends from them. The agent starts nothing for that, because the container is frozen.
 */
int handover_forward_all_start(const struct handover *handover, const char *tag, struct job *job,
			       struct err *err);
int handover_forward_clear(const struct handover *handover, const char *tag, struct err *err);
/* Starts one of the two: verb "hold" or "forward". */
int handover_clear_start(const struct handover *handover, const char *verb, const char *tag,
			 struct job *job, struct err *err);
/* Waits, 250 ms at most, until no connection to the addresses is half open or unaccepted. */
int handover_settle(const struct handover *handover, struct err *err);

#endif
