/* SPDX-License-Identifier: MIT */
/* peer_facts: for memory that goes straight between the hosts, how they see each other. */
#ifndef CMIGRATE_AGENT_PEER_FACTS_H
#define CMIGRATE_AGENT_PEER_FACTS_H

#include "agent/request/request.h"

/*
 * Says peer=IP, the other host's address, IPv4 if it has one, and peer-from=IP, the own one that
 * reaches it. This host's /etc/hosts counts first, then what the controller has found (field
 * peer-ip). The agent has no resolver: its C library is linked into it.
 */
void peer_facts(struct request *req);
/* The address of a name in a text in the form of hosts(5), IPv4 if there is one; NULL: none. Owned
 * by the caller. */
char *peer_in_hosts(const char *text, const char *name);

#endif
