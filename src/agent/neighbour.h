/* SPDX-License-Identifier: MIT */
/* neighbour: the machines on a network, asked whether they have an address. */
#ifndef CMIGRATE_AGENT_NEIGHBOUR_H
#define CMIGRATE_AGENT_NEIGHBOUR_H

#include "request.h"

/*
 * Says owner=IP HARDWARE-ADDRESS for each machine that answers within a tenth of a second for an
 * address, eight at most. Says nothing for one that is here, or that is reached by a gateway.
 */
void neighbour_owners(struct request *req, const char *ip);

#endif
