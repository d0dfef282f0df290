/* SPDX-License-Identifier: MIT */
/* runc_state_json: a container as `runc state` and `runc list` print it, for the controller. */
#ifndef CMIGRATE_AGENT_RUNC_STATE_JSON_H
#define CMIGRATE_AGENT_RUNC_STATE_JSON_H

#include "runc_state.h"

/* Adds the object, in one line: id, pid, status, bundle, created and those annotations that a list
 * shows. For a state of runc_state_read() that has a container. */
void runc_state_json(struct buf *to, const struct runc_state *state);

#endif
