/* SPDX-License-Identifier: MIT */
#include "agent/network/sock_packet.h"

#include <net/if.h>

#include "sockets.h"

/* CRIU opens it on the device of that number. */
static void on_packet(const struct packet_sock *sock, void *ctx)
{
	struct walk *walk = ctx;
	const struct open_socket *ours = socket_find(walk, sock->inode);
	char name[IF_NAMESIZE];

	if (!ours || !sock->device || !if_indextoname(sock->device, name))
		return;
	CLEANUP_FREE char *holder = socket_holder(ours);
	walk_tell(walk, "packet-device", "%u %s, %s", sock->device, name, holder);
}

void packet_sockets(struct walk *walk)
{
	sock_list_packet(on_packet, walk);
}

struct unread {
	const struct walk *walk;
	struct passings *ret;
};

static void on_netlink(const struct netlink_sock *sock, void *ctx)
{
	struct unread *u = ctx;
	const struct open_socket *ours = socket_find(u->walk, sock->inode);

	if (ours && sock->unread)
		passing_add(u->ret, "netlink", ours, str_fmt("%u bytes", sock->unread));
}

void netlink_passing(struct walk *walk, struct passings *ret)
{
	struct unread u = {walk, ret};

	sock_list_netlink(on_netlink, &u);
}
