/* SPDX-License-Identifier: MIT */
/*
 * address: the service addresses on the devices of this host. All of it happens in the network
 * namespace that the thread is in (netns.h).
 */
#ifndef CMIGRATE_AGENT_ADDRESS_H
#define CMIGRATE_AGENT_ADDRESS_H

#include "agent/request/request.h"
#include "cmigrate/base/name.h"

/* The i-th field address, which fields_check() has passed. The device may be "". False: no more. */
bool address_nth(const struct request *req, size_t i, struct address *ret);
/*
 * Says KEY=JSON, one line: the devices with their addresses, in the form of `ip -j addr show` with
 * the members ifname, flags ("UP" or nothing), address, addr_info: local, prefixlen, deprecated.
 * Says "KEY=" if the kernel doesn't tell.
 */
void address_json(struct request *req, const char *key);
/*
 * Says route=JSON, one line: the route to an address, in the form of `ip -j route get` with the
 * members type (if not unicast), dst, gateway, dev. Says "route=" if there is none.
 */
void route_json(struct request *req, const char *ip);
/* Called before an address leaves a device: by default the kernel removes all addresses of a
 * network with its first, so those of other containers too. A failure only means that it does. */
void address_spare_others(const char *device);

#endif
