/* SPDX-License-Identifier: MIT */
/* agent_start: how an agent is started: by a line over ssh, or as a child of ours. */
#ifndef CMIGRATE_HOST_AGENT_START_H
#define CMIGRATE_HOST_AGENT_START_H

#include "cmigrate/base/proc.h"
#include "cmigrate/host/host.h"

/* Starts ssh, or on this machine the agent itself, with pipes to all three descriptors. */
int agent_start(const struct host *host, struct proc *ret, struct err *err);

#endif
