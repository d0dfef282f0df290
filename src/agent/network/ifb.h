/* SPDX-License-Identifier: MIT */
/* ifb: the devices in which packets wait for the restored container. */
#ifndef CMIGRATE_AGENT_IFB_H
#define CMIGRATE_AGENT_IFB_H

#include <stdbool.h>

#include "agent/request/request.h"

/* Whether the kernel has such devices. Leaves none. */
bool ifb_is_known(struct request *req);

#endif
