/* SPDX-License-Identifier: MIT */
/* runc_flags: the options of `runc checkpoint` and `runc restore` that a request may ask for. */
#ifndef CMIGRATE_AGENT_RUNC_FLAGS_H
#define CMIGRATE_AGENT_RUNC_FLAGS_H

#include "agent/request/request.h"

/* Adds --WORD for each field flag=WORD. allowed: their list, ended by NULL; 1 with a message if one
 * is not in it. */
int runc_flags(struct request *req, const char *const *allowed, struct argv *ret);

#endif
