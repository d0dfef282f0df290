/* SPDX-License-Identifier: MIT */
/*
 * freeze_limit: how long a container may be frozen. One deadline is set when the freeze begins:
 * early enough for the undo, or with --if-slow abort at the bound that --max-downtime sets. Each
 * wait and each command on either host ends by it.
 */
#ifndef CMIGRATE_FREEZE_LIMIT_H
#define CMIGRATE_FREEZE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/move/move.h"

/*
 * The limit in milliseconds: CRIU's base time for the dump and again for the restore (an emulated
 * host took 11 s for each), and the time for the memory each time it is written or read in the
 * freeze: twice in a move, once in a checkpoint, not at all in post-copy. 20 s are kept for the
 * undo.
 */
int freeze_limit_ms(const struct move *move);
/*
 * Whether --max-downtime ends a freeze: with --if-slow abort, where the source waits at CRIU's gate
 * and can go on at once. Then the way back begins after that time.
 */
bool freeze_is_bounded(const struct move *move);
/* The freeze begins now. Both hosts have the limit from now on. */
void freeze_begin(struct move *move);
/* The freeze is over, or about to be: the next commands have times of their own again. */
void freeze_lift(struct move *move);
/* The images are the way back now: it would take longer than to go on, so the bound no longer
 * counts. */
void freeze_unbind(struct move *move);
/* Whether its time is over. False once it is lifted. */
bool freeze_overran(const struct move *move);
/* Before freeze_lift(), after a failure: if its time was over, says so in the summary, and in *err
 * if that was the bound. */
void freeze_judge(struct move *move, struct err *err);
/* Appends to *err how long a container that goes on was frozen. */
void freeze_tell(const struct move *move, struct err *err);
/* When the freeze is to be over. Without one (a recovery, a restore from images) as long from now.
 */
int64_t freeze_end(const struct move *move);
/* Milliseconds until then, at least 1. */
int freeze_left_ms(const struct move *move);
/* How long dump and restore may take together, in seconds, for messages. */
int freeze_seconds(const struct move *move);

#endif
