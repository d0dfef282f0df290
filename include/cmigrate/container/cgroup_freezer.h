/* SPDX-License-Identifier: MIT */
/*
 * cgroup_freezer: the file that freezes a container's cgroup: freezer.state (cgroup v1) or
 * cgroup.freeze (v2). Its path comes from runc's record of the container (state.json) and is read
 * before the freeze, so that the freeze needn't start runc.
 */
#ifndef CMIGRATE_FREEZER_H
#define CMIGRATE_FREEZER_H

#include "cmigrate/host/host.h"

/* Results are owned by the caller. NULL: not known, or not a credible path. */
/* Reads the text of a state.json. */
char *cgroup_freezer_parse(const char *text);
/* Asks the host. */
char *cgroup_freezer_find(struct host *host, const char *name);
/* For a container of this machine. */
char *cgroup_freezer_here(const char *name);

#endif
