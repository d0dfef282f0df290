/* SPDX-License-Identifier: MIT */
/*
 * named_socket: an abstract unix socket on which a process of ours listens. The kernel tells who
 * that is, and forgets it when the process ends. Another user's process is never taken for one.
 */
#ifndef CMIGRATE_AGENT_NAMED_SOCKET_H
#define CMIGRATE_AGENT_NAMED_SOCKET_H

#include "request.h"

/* Listens by that name (without the NUL before it); -1 with errno. */
int named_socket_listen(const char *name);
/* A connection with whoever listens there; -1 with errno, ECONNREFUSED if that is nobody. */
int named_socket_connect(const char *name);
/* Whether the other end of such a connection is a process of our own user. */
bool named_socket_is_ours(int fd);
/* Ends whoever listens there (SIGKILL), and waits for that. 0 also if it is nobody, or this
 * process; 1 with a message in the request. */
int named_socket_end(struct request *req, const char *name);

#endif
