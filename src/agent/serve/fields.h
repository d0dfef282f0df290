/* SPDX-License-Identifier: MIT */
/* fields: the check of every word of a request before its verb sees it. */
#ifndef CMIGRATE_AGENT_FIELDS_H
#define CMIGRATE_AGENT_FIELDS_H

#include "agent/request/request.h"
#include "verbs.h"

/* Checks the fields of a request against the verb's; 0, or 1 with a message in the request. */
int fields_check(struct request *req, const struct verb *verb);

#endif
