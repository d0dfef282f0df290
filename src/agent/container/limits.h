/* SPDX-License-Identifier: MIT */
/*
 * limits: the limits of a container's cgroup as `runc update` sets them, read on the source and set
 * again on the destination, where runc knows those of config.json alone.
 */
#ifndef CMIGRATE_AGENT_LIMITS_H
#define CMIGRATE_AGENT_LIMITS_H

#include "runc_state.h"

/* The value of a cpuset that has what its host has. */
#define LIMITS_ALL "all"

/* Adds a line "FILE VALUE" for each limit that there is, be it set or not. quota: that of processor
 * time, in microseconds or "max", in place of the one that it has now; NULL: that one. */
void limits_read(const struct runc_state *state, const char *quota, struct buf *ret);
/*
 * Sets those lines that differ from what the cgroup has. The text may be anything: only files and
 * values that limits_read() could have written are set. Adds a line "FILE VALUE: WHY" to
 * *ret_missed for each limit that can't be set.
 */
void limits_set(const struct runc_state *state, const char *text, struct buf *ret_missed);

#endif
