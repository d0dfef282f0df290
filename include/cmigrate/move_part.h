/* SPDX-License-Identifier: MIT */
/* move_part: what the files that build a move (move.c, move_new.c, move_json.c) share; nobody else's. */
#ifndef CMIGRATE_MOVE_PART_H
#define CMIGRATE_MOVE_PART_H

#include "cmigrate/move.h"

/* Fills run, images, marks and tag from id and bundle. */
void move_name_things(struct move *move);
/* Both hosts by name, and the store on the one that this machine is, else on the source. */
int move_connect(struct move *move, const struct config *config, struct err *err);

#endif
