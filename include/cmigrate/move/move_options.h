/* SPDX-License-Identifier: MIT */
/* move_opts: the options that `move` and `check` share: how a container is moved. */
#ifndef CMIGRATE_MOVE_OPTS_H
#define CMIGRATE_MOVE_OPTS_H

#include "cmigrate/base/options.h"
#include "cmigrate/move/move.h"

extern const struct opt move_opts_table[];

#endif
