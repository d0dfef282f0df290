/* SPDX-License-Identifier: MIT */
#include "route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "netlink.h"

static int family_of(const char *ip)
{
	return strchr(ip, ':') ? AF_INET6 : AF_INET;
}

/* An IPv4 route may have a gateway of IPv6: then it is in another attribute. */
static void read_gateway(const struct nlmsghdr *h, int family, char ret[IP_SIZE])
{
	const size_t len = family == AF_INET6 ? 16 : 4;
	const char *ip = netlink_get(h, sizeof(struct rtmsg), RTA_GATEWAY, len, NULL);
	const char *via = netlink_get(h, sizeof(struct rtmsg), RTA_VIA,
				      sizeof(struct rtvia) + sizeof(struct in6_addr), NULL);

	if (ip)
		(void)inet_ntop(family, ip, ret, IP_SIZE);
	else if (via)
		(void)inet_ntop(AF_INET6, via + sizeof(struct rtvia), ret, IP_SIZE);
}

static void read_reply(const struct nlmsghdr *h, int family, struct route *ret)
{
	const size_t fixed = sizeof(struct rtmsg), len = family == AF_INET6 ? 16 : 4;
	struct route route = {.type = ((const struct rtmsg *)NLMSG_DATA(h))->rtm_type};
	const uint32_t *device = netlink_get(h, fixed, RTA_OIF, sizeof(*device), NULL);
	const void *from = netlink_get(h, fixed, RTA_PREFSRC, len, NULL);

	route.device = device ? (int)*device : 0;
	read_gateway(h, family, route.gateway);
	if (from)
		(void)inet_ntop(family, from, route.from, sizeof(route.from));
	*ret = route;
}

int route_find(int fd, const char *ip, struct route *ret)
{
	const int family = family_of(ip);
	const size_t len = family == AF_INET6 ? 16 : 4;
	const struct rtmsg wanted = {.rtm_family = (unsigned char)family,
				     .rtm_dst_len = (unsigned char)(len * 8)};
	CLEANUP_BUF struct buf replies = {0};
	struct netlink_message m;
	unsigned char raw[16];
	size_t place = 0;

	if (inet_pton(family, ip, raw) != 1) {
		errno = EINVAL;
		return -1;
	}
	netlink_begin(&m, RTM_GETROUTE, 0, &wanted, sizeof(wanted));
	netlink_put(&m, RTA_DST, raw, len);
	if (netlink_ask(fd, &m, &replies) < 0)
		return -1;
	const struct nlmsghdr *h = netlink_next(&replies, &place, sizeof(wanted));
	if (!h || h->nlmsg_type != RTM_NEWROUTE) {
		errno = EPROTO;
		return -1;
	}
	read_reply(h, family, ret);
	return 0;
}
