/* SPDX-License-Identifier: MIT */
/* announce: tells the neighbours which device has an address now. */
#ifndef CMIGRATE_AGENT_ANNOUNCE_H
#define CMIGRATE_AGENT_ANNOUNCE_H

#include "cmigrate/base/name.h"
#include "device.h"

/*
 * Sends a gratuitous ARP as request and as reply, because some neighbours believe only one of them;
 * an unsolicited advertisement for IPv6. Once: a late repetition could take the address back from a
 * host that it has moved on to. Returns when they are on their way, and says nothing of failures.
 */
void announce_address(const struct device *device, const struct address *address);

#endif
