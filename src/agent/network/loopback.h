/* SPDX-License-Identifier: MIT */
#ifndef CMIGRATE_AGENT_LOOPBACK_H
#define CMIGRATE_AGENT_LOOPBACK_H

#include <sys/types.h>

/* Sets up the loopback of a process's network namespace. The thread is in that one then, and ends
 * soon. Nothing is done if it is the thread's own. -1 with errno. */
int loopback_set_up(pid_t pid);

#endif
