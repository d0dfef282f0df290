/* SPDX-License-Identifier: MIT */
/* move_opts: the options that say how a container is moved; of `move` and `check` alike. */
#ifndef CMIGRATE_MOVE_OPTS_H
#define CMIGRATE_MOVE_OPTS_H

#include "cmigrate/base/options.h"
#include "cmigrate/move/move.h"

extern const struct opt move_opts_table[];

#endif
