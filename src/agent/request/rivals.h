/* SPDX-License-Identifier: MIT */
/*
 * rivals: other agents on this host that serve the same move, for a controller that is gone or cut
 * off. Each agent of a move listens on an abstract unix socket with the move's id in its name: the
 * kernel tells who listens there, and forgets it when the agent ends.
 */
#ifndef CMIGRATE_AGENT_RIVALS_H
#define CMIGRATE_AGENT_RIVALS_H

#include "request.h"

/* From now on this agent is one of that move. id: "": of none. -1 with errno: it could not be
 * fenced off, so it must not serve. */
int rivals_serve(const char *id);
/* Ends all others of that move, with the programs that end with them, and waits for their end. 0,
 * or 1 with a message in the request. */
int rivals_end(struct request *req, const char *id);

#endif
