/* SPDX-License-Identifier: MIT */
/*
 * freeze_limit: how long a container may be frozen. One deadline, set when the freeze begins, which
 * nothing inside it outlasts: each wait ends by it, and so does each command on either host.
 */
#ifndef CMIGRATE_FREEZE_LIMIT_H
#define CMIGRATE_FREEZE_LIMIT_H

#include <stdint.h>

#include "cmigrate/move/move.h"

/*
 * The limit in milliseconds: CRIU's base time, and the time of the memory for each time that it
 * passes while the container is frozen: written and read, only written by a checkpoint, neither in
 * post-copy.
 */
int freeze_limit_ms(const struct move *move);
/* The freeze begins now: from now on both hosts have the limit too. */
void freeze_begin(struct move *move);
/* The freeze is over, or about to be: the next commands have times of their own again. */
void freeze_lift(struct move *move);
/* When the freeze is to be over. Without one (a recovery, a restore from images) as long from now.
 */
int64_t freeze_end(const struct move *move);
/* Milliseconds until then, at least 1. */
int freeze_left_ms(const struct move *move);
/* The limit in seconds, for messages. */
int freeze_seconds(const struct move *move);

#endif
