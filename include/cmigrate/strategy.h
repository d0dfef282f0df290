/* SPDX-License-Identifier: MIT */
/* strategy: the step tables. What a step does is in step_*.c, the order is in the tables of strategy.c. */
#ifndef CMIGRATE_STRATEGY_H
#define CMIGRATE_STRATEGY_H

#include "cmigrate/engine.h"

/* Everything is dumped while the container is frozen; the source waits at CRIU's gate. */
extern const struct strategy strategy_cold;
/* The same where CRIU has no gate: the way back is a restore on the source. */
extern const struct strategy strategy_cold_ungated;

/* The table for a move: by its strategy, and by whether its source has a gate. */
const struct strategy *strategy_of(const struct move *move);

#endif
