/* SPDX-License-Identifier: MIT */
/* sock_unix: unix sockets of the network namespace that the thread is in (netns.h). */
#ifndef CMIGRATE_AGENT_SOCK_UNIX_H
#define CMIGRATE_AGENT_SOCK_UNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/request/request.h"

struct unix_sock {
	uint32_t inode;
	uint32_t peer; /* inode of its peer; 0: it has none */
	uint32_t file; /* inode of the file that it is bound to; 0: none */
	int type;      /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	bool listens;
	bool connected;	 /* of a stream or of packets in order */
	uint32_t unread; /* bytes that the other end has not read */
	/* As it was bound; an abstract one begins with a zero. Gone after the call. */
	const char *name;
	size_t name_len; /* 0: it has no name */
	/* For a listener: the other ends of connections that nobody has accepted; 0: closed by now.
	 * Gone after the call. */
	const uint32_t *waiting;
	size_t n_waiting;
};

/* Calls back for each unix socket of this namespace. -1 with a message in the request. */
int sock_list_unix(struct request *req, void (*each)(const struct unix_sock *sock, void *ctx),
		   void *ctx);
/* "stream", "datagram", "seqpacket" */
const char *unix_type(const struct unix_sock *sock);
/* Its name as one word: "@" for a zero in front, "\x20" for blanks, commas and control bytes; "-"
 * if it has none. The caller's. */
char *unix_name(const struct unix_sock *sock);
/* Whether its name is an abstract one that no other socket of its type can have meanwhile. */
bool unix_holds_abstract(const struct unix_sock *sock);

#endif
