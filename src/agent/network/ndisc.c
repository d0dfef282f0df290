/* SPDX-License-Identifier: MIT */
#include "ndisc.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/icmp6.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

/* A message with its one option, in units of eight bytes. */
struct message {
	union {
		struct nd_neighbor_solicit solicit;
		struct nd_neighbor_advert advert;
	} fixed;
	struct nd_opt_hdr option;
	unsigned char rest[(sizeof(struct nd_opt_hdr) + HARDWARE_MAX + 7) / 8 * 8 -
			   sizeof(struct nd_opt_hdr)];
};
_Static_assert(sizeof(struct nd_neighbor_solicit) == sizeof(struct nd_neighbor_advert),
	       "both have the option at one place");

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

int ndisc_open(const struct device *device)
{
	struct icmp6_filter filter;
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);

	if (fd < 0)
		return -1;
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
	/* A receiver drops a message that may have come through a router: one below 255 hops. */
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device->name,
		       (socklen_t)strlen(device->name) + 1) == 0 &&
	    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255) == 0 &&
	    set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255) == 0 &&
	    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) == 0 &&
	    set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) == 0)
		return fd;
	netlink_close(&fd);
	return -1;
}

/* The kernel fills in the checksum. */
static int send_message(int fd, const struct device *device, struct message *m, int option,
			const struct in6_addr *to)
{
	const struct sockaddr_in6 address = {.sin6_family = AF_INET6,
					     .sin6_addr = *to,
					     .sin6_scope_id = (uint32_t)device->index};
	const size_t room = sizeof(m->option) + device->hardware_len;
	size_t len = sizeof(m->fixed);

	if (device->hardware_len) {
		m->option.nd_opt_type = (uint8_t)option;
		m->option.nd_opt_len = (uint8_t)((room + 7) / 8);
		memcpy(m->rest, device->hardware, device->hardware_len);
		len += (size_t)m->option.nd_opt_len * 8;
	}
	return sendto(fd, m, len, 0, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -1
											     : 0;
}

int ndisc_solicit(int fd, const struct device *device, const struct in6_addr *ip)
{
	struct message m = {
		.fixed.solicit = {.nd_ns_type = ND_NEIGHBOR_SOLICIT, .nd_ns_target = *ip}};
	struct in6_addr group;

	/* Each address has its machine in this group, by its last three bytes. */
	if (inet_pton(AF_INET6, "ff02::1:ff00:0", &group) != 1)
		return -1;
	memcpy(group.s6_addr + 13, ip->s6_addr + 13, 3);
	return send_message(fd, device, &m, ND_OPT_SOURCE_LINKADDR, &group);
}

/* A host that forwards has to say that it is a router, or its neighbours forget that it is. */
static bool is_router(const struct device *device)
{
	char path[64 + IFNAMSIZ], digit = '0';

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", device->name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool is = read(fd, &digit, 1) == 1 && digit != '0';
	netlink_close(&fd);
	return is;
}

int ndisc_advertise(int fd, const struct device *device, const struct in6_addr *ip)
{
	const struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_addr = *ip};
	struct message m = {
		.fixed.advert = {.nd_na_type = ND_NEIGHBOR_ADVERT, .nd_na_target = *ip}};
	struct in6_addr all;

	m.fixed.advert.nd_na_flags_reserved =
		ND_NA_FLAG_OVERRIDE | (is_router(device) ? ND_NA_FLAG_ROUTER : 0);
	if (inet_pton(AF_INET6, "ff02::1", &all) != 1 ||
	    bind(fd, (const struct sockaddr *)&from, sizeof(from)) < 0)
		return -1;
	return send_message(fd, device, &m, ND_OPT_TARGET_LINKADDR, &all);
}

/* The hop limit that a message came with; 0 if unknown. */
static int hops(struct msghdr *h)
{
	int value = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT &&
		    c->cmsg_len >= CMSG_LEN(sizeof(value)))
			memcpy(&value, CMSG_DATA(c), sizeof(value));
	return value;
}

bool ndisc_read(int fd, const struct device *device, const struct in6_addr *ip,
		char ret_who[HARDWARE_TEXT_SIZE])
{
	_Alignas(struct cmsghdr) char control[128];
	struct message m;
	struct sockaddr_in6 from = {.sin6_family = AF_INET6};
	struct iovec part = {&m, sizeof(m)};
	struct msghdr h = {.msg_name = &from,
			   .msg_namelen = sizeof(from),
			   .msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	const size_t told = sizeof(m.fixed) + sizeof(m.option) + device->hardware_len;
	ssize_t n = recvmsg(fd, &h, 0);

	if (n < (ssize_t)sizeof(m.fixed) || m.fixed.advert.nd_na_type != ND_NEIGHBOR_ADVERT ||
	    hops(&h) != 255 || memcmp(&m.fixed.advert.nd_na_target, ip, sizeof(*ip)) != 0)
		return false;
	if (!inet_ntop(AF_INET6, &from.sin6_addr, ret_who, HARDWARE_TEXT_SIZE))
		return false;
	if (device->hardware_len && n >= (ssize_t)told &&
	    m.option.nd_opt_type == ND_OPT_TARGET_LINKADDR) {
		if (memcmp(m.rest, device->hardware, device->hardware_len) == 0)
			return false;
		hardware_text(m.rest, device->hardware_len, ret_who);
	}
	return true;
}
