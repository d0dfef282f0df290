/* SPDX-License-Identifier: MIT */
/* runc_state: runc's state.json of a container of root's on this machine. */
#ifndef CMIGRATE_RUNC_STATE_H
#define CMIGRATE_RUNC_STATE_H

#include <jansson.h>

/* The directory of all containers' state (runc(8), --root). */
#define RUNC_ROOT "/run/runc"

/* The state.json of a container. A new reference; NULL if none can be read. */
json_t *runc_state_load(const char *name);
/* The bundle from which the container was started, owned by the caller; NULL if there is no such
 * container. */
char *runc_state_bundle(const char *name);

#endif
