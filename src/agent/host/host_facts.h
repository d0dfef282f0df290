/* SPDX-License-Identifier: MIT */
/* host_facts: the machine itself, its kernel, its processor, its memory and its programs. */
#ifndef CMIGRATE_AGENT_HOST_FACTS_H
#define CMIGRATE_AGENT_HOST_FACTS_H

#include "agent/request/request.h"

void host_facts(struct request *req);
/* Facts for post-copy, which serves and fetches pages: pipe-max, may-exceed. */
void host_pipe_facts(struct request *req);

#endif
