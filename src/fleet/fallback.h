/* SPDX-License-Identifier: MIT */
/* fallback: what becomes of the containers that a drain could not move in time (within.h). */
#ifndef CMIGRATE_FALLBACK_H
#define CMIGRATE_FALLBACK_H

#include "cmigrate/fleet/drain.h"

/*
 * Checkpoints or stops everything in drain->fleet that lives on the host and isn't excluded. The
 * results replace those of the moves in drain->rows.
 */
void fallback_run(struct drain *drain);

#endif
