/* SPDX-License-Identifier: MIT */
#include "announce.h"

#include <arpa/inet.h>

#include "arp.h"
#include "ndisc.h"
#include "netlink.h"

static void by_arp(const struct device *device, const char *text)
{
	CLEANUP_FD int fd = device_has_arp(device) ? arp_open(device) : -1;
	struct in_addr ip;

	if (fd >= 0 && inet_pton(AF_INET, text, &ip) == 1)
		(void)arp_announce(fd, device, ip);
}

static void by_advertisement(const struct device *device, const char *text)
{
	CLEANUP_FD int fd = ndisc_open(device);
	struct in6_addr ip;

	if (fd >= 0 && inet_pton(AF_INET6, text, &ip) == 1)
		(void)ndisc_advertise(fd, device, &ip);
}

void announce_address(const struct device *device, const struct address *address)
{
	if (address->v6)
		by_advertisement(device, address->ip);
	else
		by_arp(device, address->ip);
}
