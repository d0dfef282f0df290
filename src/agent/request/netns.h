/* SPDX-License-Identifier: MIT */
/*
 * netns: a verb's thread in the network namespace of the service addresses. Sockets that it opens,
 * /proc/sys/net and the programs that it starts are of that namespace.
 */
#ifndef CMIGRATE_AGENT_NETNS_H
#define CMIGRATE_AGENT_NETNS_H

#include "request.h"

struct netns {
	int own; /* of the agent; -1: not left */
};
#define CLEANUP_NETNS __attribute__((cleanup(netns_leave)))

/* Enters the namespace that the request's field netns names; without that field nothing is done.
 * 0; 1 if the file is gone (and with it everything that was in the namespace); -1 with a message
 * in the request. Leave it with netns_leave() in any case. */
int netns_enter(struct request *req, struct netns *ret);
void netns_leave(struct netns *netns);

#endif
