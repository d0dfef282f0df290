/* SPDX-License-Identifier: MIT */
/* restore_tmpfs: the saved tmpfs of a container (tmpfs.c), made again for its restore. */
#ifndef CMIGRATE_AGENT_RESTORE_TMPFS_H
#define CMIGRATE_AGENT_RESTORE_TMPFS_H

#include "agent/request/request.h"

/*
 * Mounts those that the images have, and names them in CRIU's configuration file. The thread gets a
 * mount namespace of its own for them, and what it starts is in there: the mounts are the
 * container's alone once it runs, and gone by themselves if it never does. 0, or 1 with a message.
 */
int restore_tmpfs_mount(struct request *req);

#endif
