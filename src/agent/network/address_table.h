/* SPDX-License-Identifier: MIT */
/* address_table: the addresses that the devices of a network namespace have. */
#ifndef CMIGRATE_AGENT_ADDRESS_TABLE_H
#define CMIGRATE_AGENT_ADDRESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/name.h"

struct held {
	int device; /* its index */
	int prefix;
	bool v6, secondary, deprecated;
	char ip[IP_SIZE]; /* canonical */
	/* As the kernel has them. The second is the peer's, or the same again. */
	unsigned char local[16], other[16];
	size_t len; /* of both */
};

struct address_table {
	struct held *rows; /* in the kernel's order: the first one of a device comes first */
	size_t n;
};
#define CLEANUP_ADDRESS_TABLE __attribute__((cleanup(address_table_clear)))

/* fd: of netlink_open(). family: AF_INET, AF_INET6, or AF_UNSPEC for both. -1 with errno. */
int address_table_read(int fd, int family, struct address_table *ret);
/* The row of an address, the next one after `after` (NULL: the first); NULL: no more. */
const struct held *address_table_find(const struct address_table *table, const char *ip,
				      const struct held *after);
void address_table_clear(struct address_table *table);

#endif
