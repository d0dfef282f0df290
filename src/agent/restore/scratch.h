/* SPDX-License-Identifier: MIT */
/* scratch: where a restore is only tried: it can reach nobody, and changes no file. */
#ifndef CMIGRATE_AGENT_SCRATCH_H
#define CMIGRATE_AGENT_SCRATCH_H

#include "agent/request/request.h"

/*
 * Gives the thread, and what it starts, a network namespace of its own, in place of the host's and
 * of the one in the field netns, where the addresses in the fields ip are. Covers the container's
 * root and its bind mounts (fields bind) by an overlay each, which has what is written; sources
 * that are no directories, or have mounts below them, stay as they are. 0, or 1 with a message.
 */
int scratch_enter(struct request *req);

#endif
