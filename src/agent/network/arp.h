/* SPDX-License-Identifier: MIT */
/* arp: packets of the address resolution protocol (RFC 826, RFC 5227) on one device. */
#ifndef CMIGRATE_AGENT_ARP_H
#define CMIGRATE_AGENT_ARP_H

#include <netinet/in.h>
#include <stdbool.h>

#include "device.h"

/* A socket that sends and hears ARP on this device alone; the caller closes it. -1 with errno. */
int arp_open(const struct device *device);
/* Asks all machines for an address, without telling them one of ours. -1 with errno. */
int arp_probe(int fd, const struct device *device, struct in_addr ip);
/* Tells all machines that this device has the address: in a request, in a reply. -1 with errno. */
int arp_announce(int fd, const struct device *device, struct in_addr ip);
/* Reads one packet that waits. True if another machine says in it that it has the address; its
 * hardware address is as long as the device's. */
bool arp_read(int fd, const struct device *device, struct in_addr ip,
	      unsigned char ret_hardware[HARDWARE_MAX]);

#endif
