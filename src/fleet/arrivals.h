/* SPDX-License-Identifier: MIT */
/* arrivals: moves to a host that were checked before it was cordoned, and are still under way. */
#ifndef CMIGRATE_ARRIVALS_H
#define CMIGRATE_ARRIVALS_H

#include "cmigrate/fleet/drain.h"

/* Whether drain->fleet has a container whose move to the host is under way, or was interrupted.
 * *ret_name: its name, borrowed from the fleet. */
bool arrivals_expected(struct drain *drain, const char **ret_name);

#endif
