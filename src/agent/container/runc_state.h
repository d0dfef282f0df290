/* SPDX-License-Identifier: MIT */
/* runc_state: what runc knows of a container here. */
#ifndef CMIGRATE_AGENT_RUNC_STATE_H
#define CMIGRATE_AGENT_RUNC_STATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent/request/request.h"

/* The directory of all containers' state (runc(8), --root). */
#define RUNC_ROOT "/run/runc"

struct runc_state {
	/* "created", "running", "paused", "stopped"; NULL: runc knows no such container */
	char *status;
	pid_t pid;		  /* of its first process; 0: none, or it has stopped */
	unsigned long long start; /* process.h */
	char *bundle;		  /* NULL: not known */
	char *rootfs;
	char *text; /* of runc's own file, for json_scan(); NULL if runc was asked */
	size_t len;
};
#define CLEANUP_RUNC_STATE __attribute__((cleanup(runc_state_clear)))

/*
 * Reads runc's own file (/run/runc/NAME/state.json) and /proc, and starts nothing: the status is
 * what runc itself would derive from them. 0, also if there is no such container; -1 with a message
 * in the request if it is there and can't be understood: a container that may be there is never
 * taken for absent.
 */
int runc_state_read(struct request *req, const char *name, struct runc_state *ret);
/* Asks `runc state`, where runc's own word counts. As above. */
int runc_state_ask(struct request *req, const char *name, struct runc_state *ret);
/* Whether it is another container of that name: of another bundle that exists. One bundle may have
 * two paths, by a link. */
bool runc_state_is_foreign(const struct runc_state *state, const char *bundle);
void runc_state_clear(struct runc_state *state);

#endif
