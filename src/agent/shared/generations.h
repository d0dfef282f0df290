/* SPDX-License-Identifier: MIT */
/*
 * generations: the checkpoints of a container that went on, in BUNDLE/checkpoints, a directory of
 * images each. While it is being written or removed it is called ".ID" and counts for nothing. A
 * rename makes it "ID" when it is on disk with its description in GENERATION_FILE.
 */
#ifndef CMIGRATE_AGENT_GENERATIONS_H
#define CMIGRATE_AGENT_GENERATIONS_H

#include "agent/request/request.h"

/* A line of JSON, the controller's (include/cmigrate/container/generations.h). */
#define GENERATION_FILE "generation.json"

/* Makes BUNDLE/checkpoints, unless it is there, and removes what is unfinished in it: of a
 * checkpoint that was killed. For whoever has the container's lock. 0, or 1 with a message. */
int generations_prepare(struct request *req);

#endif
