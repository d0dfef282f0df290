/* SPDX-License-Identifier: MIT */
/*
 * sockets: the facts of a container's sockets. The walk has noted them, sorted by inode.
 * All of these are called in its network namespace, at the end of the walk.
 */
#ifndef CMIGRATE_AGENT_SOCKETS_H
#define CMIGRATE_AGENT_SOCKETS_H

#include "agent/network/sock_diag.h"
#include "agent/network/sock_unix.h"
#include "walk.h"

/* NULL: no process of the container has it open. */
const struct open_socket *socket_find(const struct walk *walk, uint32_t inode);
/* "process 12 (redis), descriptor 3". The caller's. */
char *socket_holder(const struct open_socket *socket);
/* The value of an option that is a number; -1 if the kernel doesn't tell. */
int socket_ask(const struct open_socket *socket, int level, int name);
/* "192.0.2.1:80 to 192.0.2.9:40000"; the first alone if it is not connected. The caller's. */
char *socket_ends(const struct sock *sock);
/* True the first time that it is asked about a text. */
bool socket_is_new(struct walk *walk, const char *text);

/*
 * Findings that may pass: bytes that are about to be read, a connection of a health check. It is
 * looked at again until it has passed, for half a second at most, and told as "WHAT, HOLDER" if it
 * has not.
 */
struct passing {
	const char *key;
	const struct open_socket *socket;
	char *what;
};
struct passings {
	struct passing *v;
	size_t n;
};
/* what becomes the list's. */
void passing_add(struct passings *to, const char *key, const struct open_socket *socket,
		 char *what);

/* Sockets of TCP, UDP and of raw protocols: listeners (for ports), where they are bound,
 * connections with what stays, and what waits in the kernel. */
void inet_sockets(struct walk *walk, struct passings *ret);
/* Tells where a socket is bound, and to which device, as inet_sockets() does of those that the
 * kernel lists. */
void inet_bound(struct walk *walk, int protocol, const struct open_socket *ours,
		const struct sock *sock);
/* Tells of a socket of TCP with keys in the kernel. what: for what. */
void inet_keys(struct walk *walk, const struct open_socket *ours, const struct sock *sock,
	       const char *what);
/* The passing part of it once more. */
void inet_passing(struct walk *walk, struct passings *ret);
/* Unix sockets: abstract names; and passing, those that are connected with what is outside. */
void unix_sockets(struct walk *walk);
void unix_passing(struct walk *walk, struct passings *ret);
/* Packet sockets and their devices; and passing, netlink sockets with messages that wait. */
void packet_sockets(struct walk *walk);
void netlink_passing(struct walk *walk, struct passings *ret);
/* Asks the sockets themselves, after inet_sockets(): kinds that CRIU doesn't know, options
 * that it forgets, urgent data, multicast groups; and passing, raw sockets with packets that wait.
 */
void socket_copies(struct walk *walk);
void raw_passing(struct walk *walk, struct passings *ret);

#endif
