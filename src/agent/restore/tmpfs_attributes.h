/* SPDX-License-Identifier: MIT */
/* tmpfs_attributes: attributes of files in a container's tmpfs, which CRIU's archives lack. */
#ifndef CMIGRATE_AGENT_TMPFS_ATTRIBUTES_H
#define CMIGRATE_AGENT_TMPFS_ATTRIBUTES_H

#include "agent/container/runc_state.h"

/*
 * Says attribute="FILE: NAME" of the first file that has one in each tmpfs that is left to CRIU,
 * and attribute-saved= in each that is archived with its attributes, unless the container has
 * hooks. A look at 5000 files is all.
 */
void tmpfs_attributes(struct request *req, const struct runc_state *state);

#endif
