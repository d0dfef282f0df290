/* SPDX-License-Identifier: MIT */
/*
 * state_dir: the small files that moves keep beside a container's bundle (BUNDLE/.cmigrate):
 * journal, lock, record of past moves. They are reached through the agent of a host: this machine
 * if it has the shared directory (the controller is source or destination), else one of the two.
 * The bundle root has such a directory too, for what concerns hosts (cordon.h).
 */
#ifndef CMIGRATE_STORE_H
#define CMIGRATE_STORE_H

#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/host.h"

struct state_dir {
	struct host *host; /* borrowed */
	char *dir;	   /* BUNDLE/.cmigrate, for messages */
	char *container;   /* NULL: the bundle root's own */
};

void state_dir_init(struct state_dir *state_dir, struct host *host, const char *bundle_dir);
void state_dir_init_root(struct state_dir *state_dir, struct host *host, const char *bundle_root);
void state_dir_clear(struct state_dir *state_dir);

/* The whole text of a file. If there is none, *ret_found is false and *ret untouched. */
int state_dir_read(const struct state_dir *state_dir, const char *file, struct buf *ret,
		   bool *ret_found, struct err *err);
/* Appends text, on disk when it returns. Creates the directory (0700) if needed. */
int state_dir_append(const struct state_dir *state_dir, const char *file, const char *text,
		     struct err *err);
/* As state_dir_append(), but doesn't wait for the disk. */
int state_dir_note(const struct state_dir *state_dir, const char *file, const char *text,
		   struct err *err);
/* Replaces the whole file at once: a reader sees the old or the new one. On disk when it
 * returns. */
int state_dir_replace(const struct state_dir *state_dir, const char *file, const char *text,
		      struct err *err);
/* Succeeds if there is no such file. */
int state_dir_remove(const struct state_dir *state_dir, const char *file, struct err *err);

/*
 * An exclusive lock, held until state_dir_unlock() or until the connection to the host ends, and
 * with it this process: then every further request to that host fails, so whoever holds a lock that
 * is lost notices at the next one. {0} is none.
 */
struct state_dir_lock {
	struct host *host; /* borrowed, until it is unlocked; NULL: not held */
	char *container;   /* NULL: the bundle root's own */
};
/* EXIT_BUSY if another process has it. */
int state_dir_lock(const struct state_dir *state_dir, struct state_dir_lock *ret, struct err *err);
void state_dir_unlock(struct state_dir_lock *lock);

#endif
