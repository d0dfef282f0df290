/* SPDX-License-Identifier: MIT */
/*
 * freezer: the file that freezes a container's cgroup when it is written: freezer.state (cgroup v1)
 * or cgroup.freeze (v2). From runc's own record of the container (state.json), before the freeze,
 * so that the freeze needn't start runc.
 */
#ifndef CMIGRATE_FREEZER_H
#define CMIGRATE_FREEZER_H

#include "cmigrate/host/host.h"

/* All three: owned by the caller; NULL: not known, or no path that is believed. */
/* From the text of a state.json. */
char *freezer_parse(const char *text);
/* Asks the host. */
char *freezer_find(struct host *host, const char *name);
/* That of a container of this machine. */
char *freezer_here(const char *name);

#endif
