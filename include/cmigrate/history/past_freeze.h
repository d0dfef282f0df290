/* SPDX-License-Identifier: MIT */
/* past_freeze: how long the next freeze of a container will take, by those that it has had. */
#ifndef CMIGRATE_PAST_FREEZE_H
#define CMIGRATE_PAST_FREEZE_H

#include <stdint.h>

#include "cmigrate/history/history.h"

/*
 * The median of the last five freezes by that strategy that came to their end, or that the bound of
 * --max-downtime ended (they would have taken longer), each taken to what `bytes` of memory would
 * make of it. 0: not known how much memory. Negative: it had none.
 */
double past_freeze_ms(const struct history *history, const char *strategy, uint64_t bytes);

#endif
