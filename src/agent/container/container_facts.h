/* SPDX-License-Identifier: MIT */
/* container_facts: what the processes of a container have that a dump or a restore can't handle, or
 * only with an option, and how much of everything there is. */
#ifndef CMIGRATE_AGENT_CONTAINER_FACTS_H
#define CMIGRATE_AGENT_CONTAINER_FACTS_H

#include "runc_state.h"

/* Says facts about a container that runc knows here; none but those of its cgroup if it has no
 * process. 0; 1: the request is over, and not all has been told. */
int container_facts(struct request *req, const struct runc_state *state);

#endif
