/* SPDX-License-Identifier: MIT */
/*
 * sock_diag: sockets of TCP, UDP and of raw protocols of the network namespace that the thread is
 * in (netns.h), by sock_diag(7): what ss(8) shows and kills, without starting it.
 */
#ifndef CMIGRATE_AGENT_SOCK_DIAG_H
#define CMIGRATE_AGENT_SOCK_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/request/request.h"

#define TCP_STATE(s) (1u << (s)) /* TCP_ESTABLISHED... of netinet/tcp.h */
/* Neither closed, listening, nor a connection request: "connected" of ss(8). */
#define TCP_CONNECTED                                                                              \
	(0xfffu &                                                                                  \
	 ~(TCP_STATE(7 /* CLOSE */) | TCP_STATE(10 /* LISTEN */) | TCP_STATE(6) | TCP_STATE(3)))
/* Only bound; newer kernels tell of such sockets if they are asked, and call them closed or this.
 */
#define TCP_ONLY_BOUND 13

/* The sockets that are meant: NULL and 0 match everything. An IPv4 address matches its v6-mapped
 * form too.
 */
struct sock_match {
	const char *src, *dst;
	unsigned sport, dport;
	unsigned states; /* of TCP_STATE(); 0: all */
};

struct sock {
	char src[64], dst[64]; /* canonical; IPv4 in its own form */
	unsigned sport, dport;
	unsigned state;
	unsigned device;	/* index of the one that it is bound to, 0: none */
	bool v6;		/* of IPv6, perhaps with an IPv4 address */
	bool v6only;		/* of IPv6, and no IPv4 reaches it */
	bool has_md5;		/* keys for signatures of TCP, tcp(7): TCP_MD5SIG */
	uint32_t receive_queue; /* of a listener: connections not yet accepted; else bytes */
	uint64_t bytes_acked;	/* of tcp_info */
	uint32_t silence_ms;	/* since anything came from the other end; 0 if nobody knows */
	uint32_t inode;		/* 0: no process has it open */
	uint32_t uid;		/* of whoever made it */
};

/* Calls back for each matching socket of TCP; stops when that returns false. -1 with a message in
 * the request: the kernel doesn't tell. */
int sock_list(struct request *req, const struct sock_match *match,
	      bool (*each)(const struct sock *sock, void *ctx), void *ctx);
/* The same for IPPROTO_UDP, where an unconnected socket is in the state of a closed one,
 * IPPROTO_MPTCP, or IPPROTO_RAW: raw sockets of all protocols. A kernel without such sockets has
 * none. */
int sock_list_protocol(struct request *req, int protocol, const struct sock_match *match,
		       bool (*each)(const struct sock *sock, void *ctx), void *ctx);
/* Ends the matching connections at once (SOCK_DESTROY); returns how many, -1 with a message in the
 * request if the kernel can't. */
int sock_kill(struct request *req, const struct sock_match *match);

#endif
