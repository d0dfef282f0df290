/* SPDX-License-Identifier: MIT */
/* Network namespaces of the test's own, with pairs of devices that reach each other. */
#ifndef CMIGRATE_TEST_OWN_NET_H
#define CMIGRATE_TEST_OWN_NET_H

#include <fcntl.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/network/netlink.h"
#include "agent/request/request.h"
#include "cmigrate/base/str.h"

static inline void own_net_die(const char *what)
{
	perror(what);
	abort();
}

static inline void own_net_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		own_net_die(path);
	(void)close(fd);
}

/* The namespace that the thread is in, as a descriptor. */
static inline int own_net_here(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		own_net_die("/proc/thread-self/ns/net");
	return fd;
}

static inline void own_net_go(int fd)
{
	if (setns(fd, CLONE_NEWNET) < 0)
		own_net_die("setns");
}

static inline void own_net_set_up(const char *device)
{
	struct ifinfomsg info = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct netlink_message m;

	info.ifi_index = netlink_device(fd, device);
	netlink_begin(&m, RTM_NEWLINK, 0, &info, sizeof(info));
	if (netlink_do(fd, &m) < 0)
		own_net_die(device);
}

/* Enters a new one. Its IPv6 addresses are there at once. */
static inline void own_net_enter_new(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		own_net_die("unshare");
	own_net_write("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	own_net_set_up("lo");
}

/* For one process with one thread; ends with it. */
static inline void own_net_enter(void)
{
	CLEANUP_FREE char *uid = str_fmt("0 %u 1", (unsigned)geteuid());
	CLEANUP_FREE char *gid = str_fmt("0 %u 1", (unsigned)getegid());

	if (geteuid() != 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			own_net_die("unshare");
		own_net_write("/proc/self/uid_map", uid);
		own_net_write("/proc/self/setgroups", "deny");
		own_net_write("/proc/self/gid_map", gid);
	}
	own_net_enter_new();
}

/* A pair of devices: the first is here, the second in another namespace. Both are up. */
static inline void own_net_pair(const char *name, const char *other, int other_ns)
{
	const struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE), here = own_net_here();
	struct netlink_message m;

	netlink_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_put_text(&m, IFLA_IFNAME, name);
	size_t link = netlink_nest(&m, IFLA_LINKINFO);
	netlink_put_text(&m, IFLA_INFO_KIND, "veth");
	size_t data = netlink_nest(&m, IFLA_INFO_DATA), peer = netlink_nest(&m, VETH_INFO_PEER);
	/* Inside of this one is a fixed part, as in the message itself. */
	memcpy(m.body + (m.header.nlmsg_len - NLMSG_HDRLEN), &info, sizeof(info));
	m.header.nlmsg_len += (uint32_t)sizeof(info);
	netlink_put_text(&m, IFLA_IFNAME, other);
	netlink_put_u32(&m, IFLA_NET_NS_FD, (uint32_t)other_ns);
	netlink_nest_end(&m, peer);
	netlink_nest_end(&m, data);
	netlink_nest_end(&m, link);
	if (netlink_do(fd, &m) < 0)
		own_net_die("veth");
	own_net_set_up(name);
	own_net_go(other_ns);
	own_net_set_up(other);
	own_net_go(here);
}

/*
 * Serves a request, given as its verb and fields up to a closing NULL. Returns the exit status;
 * *ret_out gets what it says, *ret_err its messages; both may be NULL.
 */
static inline int own_net_ask(int (*verb)(struct request *req), struct buf *ret_out,
			      struct buf *ret_err, ...)
{
	struct request req = {.root = "/runc", .wake = -1};
	const char *word;
	va_list ap;

	va_start(ap, ret_err);
	while ((word = va_arg(ap, const char *)) != NULL)
		argv_add(&req.words, word);
	va_end(ap);
	int status = verb(&req);
	if (ret_out)
		buf_puts(ret_out, buf_str(&req.out));
	if (ret_err)
		buf_puts(ret_err, buf_str(&req.err));
	buf_clear(&req.out);
	buf_clear(&req.err);
	argv_clear(&req.words);
	return status;
}

#endif
