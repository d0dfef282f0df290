/* SPDX-License-Identifier: MIT */
/* state_part: what the files of the state directory and its lock share; nobody else's. */
#ifndef CMIGRATE_STATE_PART_H
#define CMIGRATE_STATE_PART_H

#include "cmigrate/container/state_dir.h"

#define STATE_DIR_TIMEOUT_MS 15000

#endif
