/* SPDX-License-Identifier: MIT */
#include "sock_netlink.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

#define ANSWER_MAX 65536

#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21
#endif

struct packet {
	struct nlmsghdr header;
	char body[256];
};

const void *sock_attr(const struct nlmsghdr *msg, size_t header, unsigned type, size_t min,
		      size_t *ret_len)
{
	size_t left = NLMSG_ALIGN(header);
	const char *at = (const char *)NLMSG_DATA(msg) + left;

	if (ret_len)
		*ret_len = 0;
	if (msg->nlmsg_len < NLMSG_LENGTH(left))
		return NULL;
	left = msg->nlmsg_len - NLMSG_LENGTH(left);
	while (left >= sizeof(struct rtattr)) {
		struct rtattr attr;
		memcpy(&attr, at, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || attr.rta_len > left)
			break;
		if (attr.rta_type == type && attr.rta_len >= RTA_LENGTH(min)) {
			if (ret_len)
				*ret_len = attr.rta_len - RTA_LENGTH(0);
			return at + RTA_LENGTH(0);
		}
		size_t step = RTA_ALIGN((size_t)attr.rta_len);
		if (step > left)
			break;
		at += step;
		left -= step;
	}
	return NULL;
}

int sock_netlink_open(void)
{
	return socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

static int send_request(int fd, unsigned type, unsigned flags, const void *request, size_t len)
{
	struct packet packet = {0};

	if (len > sizeof(packet.body)) {
		errno = EMSGSIZE;
		return -1;
	}
	packet.header.nlmsg_len = (__u32)NLMSG_LENGTH(len);
	packet.header.nlmsg_type = (__u16)type;
	packet.header.nlmsg_flags = (__u16)(NLM_F_REQUEST | flags);
	memcpy(NLMSG_DATA(&packet.header), request, len);
	return send(fd, &packet, packet.header.nlmsg_len, 0) < 0 ? -1 : 0;
}

/* -1 with the errno that the message reports, 0 for an acknowledgement. */
static int reported(const struct nlmsghdr *msg)
{
	int error = -EBADMSG;

	if (msg->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(msg), sizeof(error));
	if (error == 0)
		return 0;
	errno = -error;
	return -1;
}

static ssize_t receive(int fd, char *to)
{
	ssize_t n;

	do
		n = recv(fd, to, ANSWER_MAX, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = EPIPE;
	return n > 0 ? n : -1;
}

/* 1: there is more to come; 0: that was all; -1 with errno. */
static int read_part(int fd, char *part, bool (*each)(const struct nlmsghdr *msg, void *ctx),
		     void *ctx)
{
	ssize_t n = receive(fd, part);
	if (n < 0)
		return -1;
	size_t left = (size_t)n;
	for (const struct nlmsghdr *msg = (const struct nlmsghdr *)part; NLMSG_OK(msg, left);
	     msg = NLMSG_NEXT(msg, left)) {
		if (msg->nlmsg_type == NLMSG_DONE)
			return 0;
		if (msg->nlmsg_type == NLMSG_ERROR)
			return reported(msg);
		if (msg->nlmsg_type == SOCK_DIAG_BY_FAMILY && !each(msg, ctx))
			return 0;
	}
	return 1;
}

int sock_netlink_dump(const void *request, size_t len,
		      bool (*each)(const struct nlmsghdr *msg, void *ctx), void *ctx)
{
	CLEANUP_FREE char *part = mem_new(1, ANSWER_MAX);
	int fd = sock_netlink_open();
	int more = 1;

	if (fd < 0)
		return -1;
	if (send_request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, request, len) < 0)
		more = -1;
	while (more == 1)
		more = read_part(fd, part, each, ctx);
	int cause = errno;
	(void)close(fd);
	errno = cause;
	return more;
}

int sock_netlink_destroy(int fd, const void *request, size_t len)
{
	CLEANUP_FREE char *answer = mem_new(1, ANSWER_MAX);

	if (send_request(fd, SOCK_DESTROY, NLM_F_ACK, request, len) < 0)
		return -1;
	ssize_t n = receive(fd, answer);
	const struct nlmsghdr *msg = (const struct nlmsghdr *)answer;
	if (n < 0)
		return -1;
	if (!NLMSG_OK(msg, (size_t)n) || msg->nlmsg_type != NLMSG_ERROR) {
		errno = EBADMSG;
		return -1;
	}
	return reported(msg);
}
