/* SPDX-License-Identifier: MIT */
/* drain_time: which moves of a drain still end in time, if its host goes down (within.h). */
#ifndef CMIGRATE_DRAIN_TIME_H
#define CMIGRATE_DRAIN_TIME_H

#include "cmigrate/fleet/drain.h"

/* Predicts each row's time, and counts the fallbacks of everything on the host. */
void drain_time_plan(struct drain *drain);
/* Order of rows: the long ones first, so that the short ones fill the time that is left. */
int drain_time_order(const void *row, const void *other);
/* The callback for batch_ways.late; ctx is the struct drain. */
bool drain_time_late(void *ctx, size_t row, bool running, struct err *why);

#endif
