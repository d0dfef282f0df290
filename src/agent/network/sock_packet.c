/* SPDX-License-Identifier: MIT */
#include "sock_packet.h"

#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "sock_netlink.h"

struct packet_walk {
	void (*each)(const struct packet_sock *sock, void *ctx);
	void *ctx;
};

static bool on_packet(const struct nlmsghdr *msg, void *ctx)
{
	const struct packet_walk *walk = ctx;
	struct packet_diag_msg d;
	struct packet_diag_info info = {0};

	if (msg->nlmsg_len < NLMSG_LENGTH(sizeof(d)))
		return true;
	memcpy(&d, NLMSG_DATA(msg), sizeof(d));
	const void *value = sock_attr(msg, sizeof(d), PACKET_DIAG_INFO, sizeof(info), NULL);
	if (value)
		memcpy(&info, value, sizeof(info));
	walk->each(&(struct packet_sock){d.pdiag_ino, info.pdi_index}, walk->ctx);
	return true;
}

void sock_list_packet(void (*each)(const struct packet_sock *sock, void *ctx), void *ctx)
{
	struct packet_walk walk = {each, ctx};
	const struct packet_diag_req r = {.sdiag_family = AF_PACKET,
					  .pdiag_show = PACKET_SHOW_INFO};

	(void)sock_netlink_dump(&r, sizeof(r), on_packet, &walk);
}

struct netlink_walk {
	void (*each)(const struct netlink_sock *sock, void *ctx);
	void *ctx;
};

static bool on_netlink(const struct nlmsghdr *msg, void *ctx)
{
	const struct netlink_walk *walk = ctx;
	struct netlink_diag_msg d;
	struct netlink_sock sock = {0};

	if (msg->nlmsg_len < NLMSG_LENGTH(sizeof(d)))
		return true;
	memcpy(&d, NLMSG_DATA(msg), sizeof(d));
	sock.inode = d.ndiag_ino;
	/* The first of its numbers is what was received. */
	const void *value =
		sock_attr(msg, sizeof(d), NETLINK_DIAG_MEMINFO, sizeof(sock.unread), NULL);
	if (value)
		memcpy(&sock.unread, value, sizeof(sock.unread));
	walk->each(&sock, walk->ctx);
	return true;
}

void sock_list_netlink(void (*each)(const struct netlink_sock *sock, void *ctx), void *ctx)
{
	struct netlink_walk walk = {each, ctx};
	const struct netlink_diag_req r = {.sdiag_family = AF_NETLINK,
					   .sdiag_protocol = NDIAG_PROTO_ALL,
					   .ndiag_show = NDIAG_SHOW_MEMINFO};

	(void)sock_netlink_dump(&r, sizeof(r), on_netlink, &walk);
}
