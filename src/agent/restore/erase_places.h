/* SPDX-License-Identifier: MIT */
/* erase_places: the cgroups that a copy of a container may be in. */
#ifndef CMIGRATE_AGENT_ERASE_PLACES_H
#define CMIGRATE_AGENT_ERASE_PLACES_H

#include "agent/request/request.h"
#include "agent/request/session.h"

/*
 * Adds them as /proc tells them: where config.json says, else below the cgroup that the restoring
 * runc was in (restore.c), or beside that (cgroup v2). Never by the last part of a path alone:
 * other managers have containers too. 0, or 1 with a message: config.json names one that can't be
 * looked for, which does not count as empty.
 */
int erase_places(struct request *req, struct argv *ret);
/* Adds their directories, of version 2 and of each controller of version 1. */
void erase_cgroups(const struct argv *places, struct argv *ret);
void erase_thaw(const struct argv *cgroups);
/* Removes them; false if one is left. */
bool erase_remove_cgroups(const struct argv *cgroups);
/* Adds the processes of the container: in such a cgroup, and in another pid namespace than ours. */
void erase_contained(const struct argv *places, struct pids *ret);

#endif
