/* SPDX-License-Identifier: MIT */
/* own_mounts: a mount namespace of its own for a restore. */
#ifndef CMIGRATE_AGENT_OWN_MOUNTS_H
#define CMIGRATE_AGENT_OWN_MOUNTS_H

#include "agent/request/request.h"

/*
 * Gives the thread, and what it starts, a mount namespace in which nothing that is mounted later
 * goes out or comes in. The cgroup hierarchies that other restores have mounted at the moment are
 * not in it. 0, or 1 with a message.
 */
int own_mounts_enter(struct request *req);

#endif
