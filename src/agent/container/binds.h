/* SPDX-License-Identifier: MIT */
/* binds: the mounts of a container's configuration, and what of its host they show: its root, and
 * its bind mounts. */
#ifndef CMIGRATE_AGENT_BINDS_H
#define CMIGRATE_AGENT_BINDS_H

#include <sys/stat.h>

#include "runc_state.h"

struct bind {
	char *at;     /* as config.json has it, without slashes at its end; "/": the root */
	char *source; /* on the host; NULL: it is no bind mount */
	/* As a process of the container sees it; binds_look(). */
	int mount;	/* id of the mount; -1: it can't be told */
	struct stat st; /* of what is mounted */
	bool local;	/* for the walk: it is not on the shared directory */
};

struct binds {
	struct bind *v;
	size_t n;
};
#define CLEANUP_BINDS __attribute__((cleanup(binds_clear)))

/* As the container was started. */
void binds_of_state(const struct runc_state *state, struct binds *ret);
/* As a config.json has them. bundle: its directory, where relative sources begin. */
void binds_of_config(const char *text, size_t len, const char *bundle, struct binds *ret);
void binds_clear(struct binds *binds);
/* Looks at all of them with the eyes of a process. */
void binds_look(struct binds *binds, pid_t pid);
/* NULL: that mount is none of them. */
const struct bind *binds_find(const struct binds *binds, int mount);
/* The path on the host of a path in the container, by names alone. NULL: there is none. Owned by
 * the caller. */
char *binds_on_host(const struct binds *binds, const char *path);

#endif
