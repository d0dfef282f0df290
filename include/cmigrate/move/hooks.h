/* SPDX-License-Identifier: MIT */
/* move_hook: the hooks before and after a move. Their environment says what is moved. */
#ifndef CMIGRATE_MOVE_HOOK_H
#define CMIGRATE_MOVE_HOOK_H

#include "cmigrate/base/err.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/move.h"

/* pre_move: -1 with EXIT_REFUSED if it refuses the move. */
int move_hook_before(const struct config *config, const struct move *move, struct err *err);
/* post_move, with the outcome (move->summary). Its failure is an event, and changes nothing. */
int move_hook_after(const struct config *config, const struct move *move, struct err *err);

#endif
