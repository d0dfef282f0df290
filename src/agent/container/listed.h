/* SPDX-License-Identifier: MIT */
/* listed: every container of this host, and what it uses. */
#ifndef CMIGRATE_AGENT_LISTED_H
#define CMIGRATE_AGENT_LISTED_H

#include "runc_state.h"

struct usage {
	unsigned processes;
	unsigned long long memory; /* bytes that no file backs */
	unsigned long long ticks;  /* of processor time */
};

struct listed {
	struct runc_state *v;
	size_t n;
};
#define CLEANUP_LISTED __attribute__((cleanup(listed_clear)))

/* Reads the state of all containers in the order of their names; one that can't be understood is
 * left out, with a message in the request. -1 with a message: no list. */
int listed_read(struct request *req, struct listed *ret);
void listed_clear(struct listed *listed);
/* Memory and time that the processes of a container use now; 0 if it has
 * stopped. */
void listed_usage(const struct runc_state *state, struct usage *ret);

#endif
