/* SPDX-License-Identifier: MIT */
/* in_clear: whether what is written to the shared directory crosses the network unencrypted. */
#ifndef CMIGRATE_AGENT_IN_CLEAR_H
#define CMIGRATE_AGENT_IN_CLEAR_H

#include <stdbool.h>

#include "agent/request/request.h"

/* Says "in-clear=TYPE" if the file system of the request's container is one of a network, and is
 * not mounted with encryption. Says nothing of a type that it doesn't know. */
void in_clear_say(struct request *req);
/* The type of such a file system with that device, "MAJOR:MINOR", in the text of
 * proc_pid_mountinfo(5); NULL: there is none. The caller's. */
char *in_clear_type(const char *mountinfo, const char *device);

#endif
