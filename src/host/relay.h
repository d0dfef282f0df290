/* SPDX-License-Identifier: MIT */
/* relay: a process that passes bytes between two programs that this one has started. */
#ifndef CMIGRATE_HOST_RELAY_H
#define CMIGRATE_HOST_RELAY_H

#include <sys/types.h>

#include "cmigrate/base/proc.h"
#include "cmigrate/base/str.h"

/* heard: what has been read of each program already, which the other one gets first. The relay has
 * copies of the pipes of both. -1 with errno. */
pid_t relay_start(const struct proc proc[2], const struct buf heard[2]);

#endif
