/* SPDX-License-Identifier: MIT */
/*
 * tunnel: one more connection to each of two hosts, and a process here that passes all bytes
 * between both: memory from host to host, with the keys and the host keys of ssh.
 *
 * The connections are their own, so that memory delays no request and no beat. Nothing ends the
 * tunnel early: not the end of this program, because a copy on the destination may need the memory.
 * It ends when either connection does.
 */
#ifndef CMIGRATE_HOST_TUNNEL_H
#define CMIGRATE_HOST_TUNNEL_H

#include "cmigrate/base/proc.h"
#include "cmigrate/host/host.h"

#define TUNNEL_ENDS 2

/* Zero it before tunnel_open(). */
struct tunnel {
	pid_t relay;		       /* 0: there is none */
	struct proc proc[TUNNEL_ENDS]; /* ssh, or the agent here */
};

/* The connections are made as those of the hosts are. argv: the request that makes the agent at
 * that end a tunnel. *ret_said: what the first one has said to it, the caller's. */
int tunnel_open(struct tunnel *tunnel, struct host *const hosts[TUNNEL_ENDS],
		char *const *const argv[TUNNEL_ENDS], char **ret_said, struct err *err);
/* Ends it, also at its far ends, and waits for that a moment. Fine if it was never opened. */
void tunnel_close(struct tunnel *tunnel);

#endif
