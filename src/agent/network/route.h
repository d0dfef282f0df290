/* SPDX-License-Identifier: MIT */
/* route: how this host reaches an address. */
#ifndef CMIGRATE_AGENT_ROUTE_H
#define CMIGRATE_AGENT_ROUTE_H

#include <stdbool.h>

#include "cmigrate/base/name.h"

struct route {
	unsigned type;	       /* RTN_UNICAST, RTN_LOCAL... */
	int device;	       /* its index; 0: none */
	char gateway[IP_SIZE]; /* "": the address is on the device's own network */
	char from[IP_SIZE];    /* the address of ours that it is reached from; "": not told */
};

/* fd: of netlink_open(). -1 with errno: there is none. */
int route_find(int fd, const char *ip, struct route *ret);

#endif
