/* SPDX-License-Identifier: MIT */
/* cgroup_facts: the limits that a container has now, and the memory that it uses of them. */
#ifndef CMIGRATE_AGENT_CGROUP_FACTS_H
#define CMIGRATE_AGENT_CGROUP_FACTS_H

#include "runc_state.h"

/* Says memory-max, cgroup-memory (memory of its cgroup that can't be reclaimed, where pages that
 * processes share count once) and, for each cpuset of its own, limit: "cpuset.cpus 0-1".
 * Returns that memory without the kernel's own; 0: not known. */
unsigned long long cgroup_facts(struct request *req, const struct runc_state *state);

#endif
