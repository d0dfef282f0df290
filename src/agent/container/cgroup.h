/* SPDX-License-Identifier: MIT */
/* cgroup: the control groups of a container, of version 1 and 2. */
#ifndef CMIGRATE_AGENT_CGROUP_H
#define CMIGRATE_AGENT_CGROUP_H

#include <stdbool.h>

#include "agent/request/request.h"
#include "agent/request/session.h"
#include "runc_state.h"

/* The directory of its cgroup for a controller ("freezer", "memory", "pids"; with version 2 the one
 * that it has), from runc's file; NULL if it has none or it is gone. Owned by the caller. */
char *cgroup_dir(const struct runc_state *state, const char *controller);
/* The file that freezes it (freezer.state or cgroup.freeze); NULL as above. Owned by the caller. */
char *cgroup_freezer(const struct runc_state *state);
/* Writes to that file; the freezing itself takes time. -1 with errno. */
int cgroup_set_frozen(const char *freezer, bool frozen);
/* Whether all its processes are frozen. */
bool cgroup_is_frozen(const char *freezer);
/* Adds the tasks (threads) below the freezer's cgroup. */
void cgroup_tasks(const char *freezer, struct pids *ret);

/* Adds the processes below the container's cgroup, as this host numbers them. If it has none any
 * more, its first process alone. */
void cgroup_processes(const struct runc_state *state, struct pids *ret);

#endif
