/* SPDX-License-Identifier: MIT */
/*
 * steering: lets other processes follow a move that runs, and tell it wishes (wish.h), by two small
 * files in the container's state directory. They go with the journal.
 *
 * Nothing here is waited for while the container is frozen. Events of that time are written after
 * it; wishes are looked for by a request that waits at the agent, so a look costs a read(2). A move
 * goes on as well without either.
 */
#ifndef CMIGRATE_STEERING_H
#define CMIGRATE_STEERING_H

#include <stdbool.h>

#include "cmigrate/move/move.h"

/* After the "begin" of the journal. From now on move->events go to the file as well. */
void steering_begin(struct move *move);
/* Takes wishes that have come. An abort sets move_cancelled. Doesn't wait; may be called at any
 * time. */
void steering_look(struct move *move);
/* Waits for a job, not in a freeze, and takes wishes meanwhile. -1: the deadline has passed. */
int steering_wait(struct move *move, struct job *job, int64_t deadline);
/* Whether `tune --post-copy` has come. True once. */
bool steering_takes_post_copy(struct move *move);
/* Writes the outcome, before the journal goes. */
void steering_end(struct move *move);
void steering_free(struct steering *steering);

#endif
