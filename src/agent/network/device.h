/* SPDX-License-Identifier: MIT */
/* device: a network device as packets are made for it. */
#ifndef CMIGRATE_AGENT_DEVICE_H
#define CMIGRATE_AGENT_DEVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/str.h"

/* InfiniBand has 20 bytes; the kernel's limit for all. */
#define HARDWARE_MAX 32

struct device {
	int index;
	char name[IFNAMSIZ];
	unsigned type;	/* ARPHRD_* of net/if_arp.h */
	unsigned flags; /* IFF_* of net/if.h */
	unsigned char hardware[HARDWARE_MAX], broadcast[HARDWARE_MAX];
	size_t hardware_len; /* of both; 0: it has none */
};
/* "02:00:00:00:00:01" */
#define HARDWARE_TEXT_SIZE (3 * HARDWARE_MAX)

/* fd: of netlink_open(). Looks by name, or by index if name is NULL. -1 with errno. */
int device_read(int fd, const char *name, int index, struct device *ret);
/* All devices: their replies, and one after another as with netlink_next(). -1 with errno. */
int device_dump(int fd, struct buf *ret);
bool device_next(const struct buf *replies, size_t *place, struct device *ret);
/* Whether machines on its network answer ARP. */
bool device_has_arp(const struct device *device);
void hardware_text(const unsigned char *hardware, size_t len, char ret[HARDWARE_TEXT_SIZE]);

#endif
