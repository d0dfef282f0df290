/* SPDX-License-Identifier: MIT */
/* agent_file: the agent's executable in a directory of this host. */
#ifndef CMIGRATE_AGENT_AGENT_FILE_H
#define CMIGRATE_AGENT_AGENT_FILE_H

#include "request.h"

/* Before serve(): how this agent was started. kept: path of its executable, or NULL; name: under
 * which it would be kept, or NULL. Both are borrowed. */
void agent_file_init(const char *kept, const char *name);
/*
 * The path of the agent's executable: root's alone, on a file system that programs may be executed
 * from, and not on NFS. Stores it first if this agent came another way. Owned by the caller; NULL
 * with a message in the request: no such directory has room.
 */
char *agent_file(struct request *req);

#endif
