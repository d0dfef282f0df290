/* SPDX-License-Identifier: MIT */
/*
 * net: the service address: put on a device, announced, taken off; and the packets for it, held
 * back at the destination and bounced on from the source while the container is on its way.
 *
 * Everything is done on a host, in the network namespace `netns` where it isn't NULL. Everything
 * can be done again without harm: undo and recover rely on that. The addresses must have their
 * devices.
 */
#ifndef CMIGRATE_NET_H
#define CMIGRATE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/name.h"
#include "cmigrate/host/host.h"

/* The addresses of one move on one host; host and netns are borrowed. */
struct net {
	struct host *host;
	const char *netns; /* path, or NULL */
	struct address addresses[ADDRESSES_MAX];
	/* For each address, the other host's own one on the same network; "": it has none. */
	char next_hops[ADDRESSES_MAX][IP_SIZE];
	size_t n;
};

/* Adds the addresses to their devices ("nodad" for IPv6: connections can't wait for it). */
int net_address_up(const struct net *net, struct err *err);
/*
 * The same where no copy of the container runs yet. What the kernel there has kept of an earlier
 * one's connections goes first: their ends would be in the way of a restore.
 */
int net_address_enter(const struct net *net, struct err *err);
/* Takes them off, whichever device has them. */
int net_address_down(const struct net *net, struct err *err);
/*
 * Takes them off where they were found, by one ip, for the container is frozen: its status says
 * little, for an address may be gone already.
 */
int net_leave_start(const struct net *net, struct job *job, struct err *err);
/*
 * Tells the neighbours who has them now: gratuitous ARP, unsolicited neighbour advertisement.
 * Returns when the first announcement is on its way; the repetition follows a second later.
 */
int net_announce(const struct net *net, struct err *err);
/* The same three, started and not waited for: what can go on beside a dump. */
int net_address_start(const struct net *net, const char *verb, struct job *job, struct err *err);

/* Names what a move puts on a host: 8 hexadecimal digits from the container's name. */
#define NET_TAG_SIZE 9
void net_tag(const char *container, char ret_tag[NET_TAG_SIZE]);

/* HOLD_PLUG and HOLD_BUCKET queue packets, with sch_plug or with a token bucket; see hold.sh. */
enum hold_kind { HOLD_NONE, HOLD_PLUG, HOLD_BUCKET, HOLD_DROPPED };

/* At the destination, before the addresses are there: packets for them are kept back from now on.
 */
int net_hold(const struct net *net, const char *tag, enum hold_kind *ret_kind, struct err *err);
/*
 * Lets them through, the queued ones first: one command, for clients wait. A token bucket that
 * sleeps notices its new rate with the next packet: *kick, where it was started, sends one, and is
 * waited for later.
 */
int net_release(const struct net *net, const char *tag, enum hold_kind kind, struct job *kick,
		struct err *err);
/* Takes the hold away; what is still queued is lost. */
int net_hold_clear(const struct net *net, const char *tag, struct err *err);

/*
 * At the source: requests for new connections to the addresses are sent on to the destination, to
 * the next hop of each. It fails if an address has none, or if the kernel or nft can't do it. Then
 * nothing is sent on, and the hand-over relies on the announcement.
 */
int net_bounce(const struct net *net, const char *tag, struct err *err);
/*
 * From now on all packets for them are, and what the host's own kernel still says over TCP from
 * them is dropped; started, one nft and no shell, for the container is frozen.
 */
int net_bounce_all_start(const struct net *net, const char *tag, struct job *job, struct err *err);
int net_bounce_clear(const struct net *net, const char *tag, struct err *err);
/* Waits, 250 ms at most, until no connection to the addresses is half open or unaccepted. */
int net_settle(const struct net *net, struct err *err);

#endif
