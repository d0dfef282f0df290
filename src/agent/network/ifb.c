/* SPDX-License-Identifier: MIT */
#include "ifb.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

static bool can_make(void)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	struct netlink_message m;

	if (fd < 0)
		return false;
	netlink_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &any, sizeof(any));
	netlink_put_text(&m, IFLA_IFNAME, "cmigrate");
	size_t info = netlink_nest(&m, IFLA_LINKINFO);
	netlink_put_text(&m, IFLA_INFO_KIND, "ifb");
	netlink_nest_end(&m, info);
	return netlink_do(fd, &m) == 0;
}

/* The namespace ends with the thread's stay in it, and the device with that. The kernel loads the
 * module if it has it. */
bool ifb_is_known(struct request *req)
{
	if (access("/sys/module/ifb", F_OK) == 0)
		return true;
	CLEANUP_FD int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || unshare(CLONE_NEWNET) < 0)
		return false;
	bool known = can_make();
	/* It can't fail: the thread was there. */
	if (setns(own, CLONE_NEWNET) < 0)
		request_spoil_thread(req);
	return known;
}
