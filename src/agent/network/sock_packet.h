/* SPDX-License-Identifier: MIT */
/* sock_packet: packet sockets and netlink sockets of the network namespace that the thread is in
 * (netns.h). A kernel that doesn't tell of them has none. */
#ifndef CMIGRATE_AGENT_SOCK_PACKET_H
#define CMIGRATE_AGENT_SOCK_PACKET_H

#include <stdint.h>

struct packet_sock {
	uint32_t inode;
	unsigned device; /* index of the one that it is bound to; 0: it has all */
};
void sock_list_packet(void (*each)(const struct packet_sock *sock, void *ctx), void *ctx);

struct netlink_sock {
	uint32_t inode;
	uint32_t unread; /* memory of messages that nobody has read */
};
void sock_list_netlink(void (*each)(const struct netlink_sock *sock, void *ctx), void *ctx);

#endif
