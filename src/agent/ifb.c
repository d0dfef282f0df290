/* SPDX-License-Identifier: MIT */
#include "ifb.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE "cmigrate"
#define KIND "ifb"

struct new_link {
	struct nlmsghdr head;
	struct ifinfomsg link;
	char attributes[64];
};

/* Adds an attribute, padded; returns it. */
static struct rtattr *add(struct new_link *message, unsigned short type, const char *text)
{
	size_t len = text ? strlen(text) + 1 : 0;
	struct rtattr *a = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), text, len);
	message->head.nlmsg_len += (unsigned)RTA_ALIGN(RTA_LENGTH(len));
	return a;
}

static bool accepts(int fd)
{
	struct new_link message = {
		.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
			 .nlmsg_type = RTM_NEWLINK,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL}};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512];
	} answer = {0};

	(void)add(&message, IFLA_IFNAME, DEVICE);
	struct rtattr *info = add(&message, IFLA_LINKINFO, NULL);
	struct rtattr *kind = add(&message, IFLA_INFO_KIND, KIND);
	info->rta_len = (unsigned short)(info->rta_len + RTA_ALIGN(kind->rta_len));
	if (send(fd, &message, message.head.nlmsg_len, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < (ssize_t)NLMSG_LENGTH(sizeof(answer.error)))
		return false;
	return answer.head.nlmsg_type == NLMSG_ERROR && answer.error.error == 0;
}

static bool can_make(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool made = fd >= 0 && accepts(fd);

	if (fd >= 0)
		(void)close(fd);
	return made;
}

/* In a namespace that ends at once, with the device. The kernel loads the module if it has it. */
bool ifb_is_known(struct request *req)
{
	if (access("/sys/module/ifb", F_OK) == 0)
		return true;
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return false;
	bool known = false;
	if (unshare(CLONE_NEWNET) == 0) {
		known = can_make();
		/* It can't fail: the thread was there. */
		if (setns(own, CLONE_NEWNET) < 0)
			request_spoil_thread(req);
	}
	(void)close(own);
	return known;
}
