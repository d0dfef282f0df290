/* SPDX-License-Identifier: MIT */
#include "address_table.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"

/* False for a family that is none of ours. */
static bool read_row(const struct nlmsghdr *h, struct held *ret)
{
	const struct ifaddrmsg *info = NLMSG_DATA(h);
	const size_t fixed = sizeof(*info), len = info->ifa_family == AF_INET6 ? 16 : 4;
	const uint32_t *wide = netlink_get(h, fixed, IFA_FLAGS, sizeof(*wide), NULL);
	const void *local = netlink_get(h, fixed, IFA_LOCAL, len, NULL);
	const void *other = netlink_get(h, fixed, IFA_ADDRESS, len, NULL);
	const unsigned flags = wide ? *wide : info->ifa_flags;

	/* IPv6 has IFA_LOCAL only if there is a peer. */
	local = local ? local : other;
	other = other ? other : local;
	if (h->nlmsg_type != RTM_NEWADDR || !local ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return false;
	*ret = (struct held){.device = (int)info->ifa_index,
			     .prefix = info->ifa_prefixlen,
			     .v6 = info->ifa_family == AF_INET6,
			     .secondary = flags & IFA_F_SECONDARY,
			     .deprecated = flags & IFA_F_DEPRECATED,
			     .len = len};
	memcpy(ret->local, local, len);
	memcpy(ret->other, other, len);
	return inet_ntop(info->ifa_family, local, ret->ip, sizeof(ret->ip)) != NULL;
}

int address_table_read(int fd, int family, struct address_table *ret)
{
	const struct ifaddrmsg wanted = {.ifa_family = (unsigned char)family};
	CLEANUP_BUF struct buf replies = {0};
	struct address_table table = {0};
	const struct nlmsghdr *h;
	struct netlink_message m;
	size_t place = 0;

	netlink_begin(&m, RTM_GETADDR, 0, &wanted, sizeof(wanted));
	if (netlink_dump(fd, &m, &replies) < 0)
		return -1;
	while ((h = netlink_next(&replies, &place, sizeof(wanted))) != NULL) {
		/* The array grows in powers of two. */
		if ((table.n & (table.n - 1)) == 0)
			table.rows = mem_grow(table.rows, table.n ? table.n * 2 : 1,
					      sizeof(*table.rows));
		table.n += read_row(h, &table.rows[table.n]);
	}
	*ret = table;
	return 0;
}

const struct held *address_table_find(const struct address_table *table, const char *ip,
				      const struct held *after)
{
	for (size_t i = after ? (size_t)(after - table->rows) + 1 : 0; i < table->n; i++)
		if (strcmp(table->rows[i].ip, ip) == 0)
			return &table->rows[i];
	return NULL;
}

void address_table_clear(struct address_table *table)
{
	free(table->rows);
	*table = (struct address_table){0};
}
