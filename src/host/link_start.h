/* SPDX-License-Identifier: MIT */
/* link_start: a connection before the agent's first frame: the login, the agent that is sent there,
 * and ssh that is turned away and tries again. */
#ifndef CMIGRATE_HOST_LINK_START_H
#define CMIGRATE_HOST_LINK_START_H

#include "link.h"

/* Reads what comes before the agent's frames, and sends the agent to a host that lacks it. True:
 * what is left in link->out is the agent's. */
bool link_hears_agent(struct link *link);
/* Whether ssh, which has ended, is started again now or later: it was turned away. */
bool link_reconnects(struct link *link);
/* Ends the process at our end, in bounded time. */
void link_end_process(struct proc *proc, bool patient);

#endif
