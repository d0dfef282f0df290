/* SPDX-License-Identifier: MIT */
/*
 * lock: the locks of containers that the agent holds for its controller, in their state
 * directories. A lock is flock(2): on NFS the kernel turns it into a lock of the server, on a local
 * file system it holds for all processes. Unlike fcntl(2)'s it isn't lost when another descriptor
 * of the file is closed.
 */
#ifndef CMIGRATE_AGENT_LOCK_H
#define CMIGRATE_AGENT_LOCK_H

/* Gives all of them back: the connection has ended. A lock that is taken after that is given back
 * at once. */
void lock_release_all(void);

#endif
