/* SPDX-License-Identifier: MIT */
/* sock_list: sockets as facts name them; for TCP, UDP and MPTCP themselves see sock_diag.h. */
#ifndef CMIGRATE_AGENT_SOCK_LIST_H
#define CMIGRATE_AGENT_SOCK_LIST_H

#include <sys/types.h>

#include "agent/request/netns.h"
#include "sock_diag.h"

/*
 * Its own address and port: "0.0.0.0:80", "*:80" (both families), "[::]:80" (IPv6 alone),
 * "[fe80::1]%eth0:80" (on a device). The caller's.
 */
char *sock_local(const struct sock *sock);

/* Calls back for each listener: of TCP, then of UDP, which is any unconnected socket. */
int sock_list_listeners(struct request *req,
			void (*each)(bool udp, const struct sock *sock, void *ctx), void *ctx);

struct unix_sock {
	uint32_t inode;
	uint32_t peer; /* inode of its peer; 0: it has none */
	uint32_t file; /* inode of the file that it is bound to; 0: none */
	bool datagram; /* else of a stream or of packets in order */
	bool listens;
};

/* Calls back for each unix socket of this namespace. -1 with a message in the request. */
int sock_list_unix(struct request *req, void (*each)(const struct unix_sock *sock, void *ctx),
		   void *ctx);

/* Enters the network namespace of a process; leave it by netns_leave(), in any case. 0; 1 if the
 * process has gone; -1 with a message in the request. */
int sock_enter_process(struct request *req, pid_t pid, struct netns *ret);

#endif
