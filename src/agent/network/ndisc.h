/* SPDX-License-Identifier: MIT */
/* ndisc: messages of IPv6 neighbour discovery (RFC 4861) on one device. */
#ifndef CMIGRATE_AGENT_NDISC_H
#define CMIGRATE_AGENT_NDISC_H

#include <netinet/in.h>
#include <stdbool.h>

#include "device.h"

/* A socket that sends on this device and hears the advertisements there; the caller closes it. -1
 * with errno. */
int ndisc_open(const struct device *device);
/* Asks the machine that has an address. -1 with errno. */
int ndisc_solicit(int fd, const struct device *device, const struct in6_addr *ip);
/* Tells all machines that this device has the address; fails if this host lacks it. -1 with errno.
 * A socket can tell of one address. */
int ndisc_advertise(int fd, const struct device *device, const struct in6_addr *ip);
/* Reads one message that waits. True if another machine says in it that it has the address: its
 * hardware address as text, or the address that it sent from if it doesn't say. */
bool ndisc_read(int fd, const struct device *device, const struct in6_addr *ip,
		char ret_who[HARDWARE_TEXT_SIZE]);

#endif
