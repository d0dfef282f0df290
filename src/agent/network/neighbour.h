/* SPDX-License-Identifier: MIT */
/* neighbour: the machines on a network, asked whether they have an address. */
#ifndef CMIGRATE_AGENT_NEIGHBOUR_H
#define CMIGRATE_AGENT_NEIGHBOUR_H

#include "agent/request/request.h"

/*
 * Says owner=IP HARDWARE-ADDRESS for each machine that answers within a tenth of a second for a
 * field ip, eight at most for one address. Says nothing for one that is here, or that is reached by
 * a gateway.
 */
void neighbours_owners(struct request *req);
/* Says taken=IP HARDWARE-ADDRESS for each field address that another machine answers for within
 * half a second, on its device. 0, or 1 with a message in the request. */
int neighbours_taken(struct request *req);

#endif
