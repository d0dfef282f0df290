/* SPDX-License-Identifier: MIT */
/*
 * cordons: hosts that nothing is to be moved to. Each has a file cordon-HOST in path_state() of no
 * container. The controller writes it (verb store); its first line, a JSON object, says who set the
 * mark.
 */
#ifndef CMIGRATE_AGENT_CORDONS_H
#define CMIGRATE_AGENT_CORDONS_H

#include "agent/request/request.h"

/* Says cordon=HOST LINE with the first line of each such file, and cordon-unread=NAME for one that
 * can't be read. Says nothing if there is no directory. */
void cordons_say(struct request *req);

#endif
