/* SPDX-License-Identifier: MIT */
/* runc_state: what runc on this machine keeps of a container of root's. */
#ifndef CMIGRATE_RUNC_STATE_H
#define CMIGRATE_RUNC_STATE_H

#include <jansson.h>

/* Where that is (runc(8), --root). */
#define RUNC_ROOT "/run/runc"

/* Its state.json. A new reference; NULL where there is none that can be read. */
json_t *runc_state_load(const char *name);
/* The bundle that it was started from, owned by the caller; NULL where there is no such container.
 */
char *runc_state_bundle(const char *name);

#endif
