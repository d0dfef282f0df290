/* SPDX-License-Identifier: MIT */
/* sock_list: sockets as facts name them; for TCP, UDP and MPTCP themselves see sock_diag.h, for the
 * others sock_unix.h and sock_packet.h. */
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

/* Enters the network namespace of a process; leave it by netns_leave(), in any case. 0; 1 if the
 * process has gone; -1 with a message in the request. */
int sock_enter_process(struct request *req, pid_t pid, struct netns *ret);

#endif
