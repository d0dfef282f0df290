/* SPDX-License-Identifier: MIT */
/*
 * packet_queue: an ifb device whose qdisc lets no packet out until it is told to, and keeps 32 MB.
 *
 * sch_plug is made for that. Where the kernel lacks it, a token bucket of 100 bit a second, emptied
 * first, does the same. No program is started. All of it happens in the network namespace that the
 * thread is in (netns.h).
 */
#ifndef CMIGRATE_AGENT_PACKET_QUEUE_H
#define CMIGRATE_AGENT_PACKET_QUEUE_H

#include <stdbool.h>

#include "agent/request/request.h"
#include "cmigrate/base/str.h"

enum packet_queue { QUEUE_PLUG, QUEUE_BUCKET };

/* Makes the device and its qdisc. sources: the devices whose packets will be sent to it. -1 with
 * errno: the kernel has none of the two, or no ifb; what was made until then is left. */
int packet_queue_make(const char *ifb, const struct argv *sources, enum packet_queue *ret);
bool packet_queue_exists(const char *ifb);
/* Lets out what is in it and all that comes later. -1 with errno. *ret_fd: a socket to be closed,
 * -1 for none: the kernel waits some milliseconds for its other processors then (packet_release()
 * of net/packet/af_packet.c), for which a container that is about to answer needn't wait. */
int packet_queue_release(const char *ifb, enum packet_queue kind, int *ret_fd);
/* Waits, 100 ms at most, until released packets that are still in it have left. */
void packet_queue_drain(struct request *req, const char *ifb);
/* Deletes the device; packets in it are lost. 0 also if there is none; -1 with errno. */
int packet_queue_delete(const char *ifb);

#endif
