/* SPDX-License-Identifier: MIT */
/* restore: what the end of other agents needs to know of a restore. */
#ifndef CMIGRATE_AGENT_RESTORE_H
#define CMIGRATE_AGENT_RESTORE_H

#include "agent/request/request.h"

/*
 * Ends the restore of the request's container if it is parked, or has not come that far: the word
 * to go can't reach it any more. Call it when no other agent can say that word. A restore that has
 * been told to go on, or was never parked, is left alone. 0, or 1 with a message: it doesn't end.
 */
int restore_end_parked(struct request *req);

#endif
