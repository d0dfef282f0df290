/* SPDX-License-Identifier: MIT */
/* departures: notes beside the mark of a host which containers left it, and how (cordon.h). */
#ifndef CMIGRATE_DEPARTURES_H
#define CMIGRATE_DEPARTURES_H

#include "cmigrate/fleet/drain.h"

/* Sets the mark, or takes over one that is there. */
int departures_cordon(struct drain *drain, struct err *err);
/*
 * Notes it before the container leaves, so that no crash loses it, and takes it back if it did not.
 * Does nothing if the host has no mark. A failure is only reported: the container is what matters.
 */
void departures_note(struct drain *drain, const struct batch_move *move, const char *how);
void departures_take_back(struct drain *drain, const struct batch_move *move);

#endif
