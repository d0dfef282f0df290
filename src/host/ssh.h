/* SPDX-License-Identifier: MIT */
/* ssh: the connection to a host, and the line that starts the agent there. */
#ifndef CMIGRATE_HOST_SSH_H
#define CMIGRATE_HOST_SSH_H

#include "cmigrate/base/proc.h"
#include "cmigrate/host/host.h"

/* The line prints this if the host lacks this agent; then it reads agent_image from its stdin.
 * The name of the machine (uname -m) follows, and a newline. */
#define AGENT_ABSENT "cmigrate-agent absent "

/* Starts ssh with that line, with pipes to all three descriptors. -1 with a message; nothing runs
 * then. */
int ssh_start(const struct host *host, struct proc *ret, struct err *err);

#endif
