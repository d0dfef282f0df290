/* SPDX-License-Identifier: MIT */
/*
 * state_dir: the small files that moves keep beside a container's bundle (BUNDLE/.cmigrate):
 * journal, lock, record of past moves, and what a move and others say to each other. A command that
 * makes many moves has such a directory too, ROOT/.cmigrate-BATCH, and so have a group of
 * containers, for its lock, and the bundle root, for what concerns hosts (cordon.h). They are
 * reached through the agent of a host: this machine if it has the shared directory (the controller
 * is source or destination), else one of the two.
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
	char *container;   /* NULL: a batch, or the bundle root's own */
	char *batch;	   /* "drain-HOST", "rebalance" or "group-NAME" */
};

void state_dir_init(struct state_dir *state_dir, struct host *host, const char *bundle_dir);
/* The directory of a command which makes many moves, or of a group. */
void state_dir_init_batch(struct state_dir *state_dir, struct host *host, const char *root,
			  const char *batch);
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
/* As state_dir_note(), and doesn't wait at all. */
int state_dir_note_start(const struct state_dir *state_dir, const char *file, const char *text,
			 struct job *job, struct err *err);
/* As state_dir_note(), but only if there is such a file: else *ret_found is false. */
int state_dir_add(const struct state_dir *state_dir, const char *file, const char *text,
		  bool *ret_found, struct err *err);
/*
 * Waits for more than `size` bytes of a file, which need not be there yet if that is 0. The job
 * ends with 0 when there are; with STATUS_ABSENT once the file is there no more; else after
 * timeout_ms (0: never). state_dir_tailed() reads the result.
 */
int state_dir_tail_start(const struct state_dir *state_dir, const char *file, size_t size,
			 int timeout_ms, struct job *job, struct err *err);
/* Adds to *ret what a tail job that ended with 0 has read, and sets the new size of the file.
 * False: the answer is none. */
bool state_dir_tailed(const struct job *job, struct buf *ret, size_t *ret_size);
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
	char *owner;	   /* the field that names the directory; NULL: the bundle root's own */
};
/* EXIT_BUSY if another process has it. */
int state_dir_lock(const struct state_dir *state_dir, struct state_dir_lock *ret, struct err *err);
/* Tries again for so long if another process has it. */
int state_dir_lock_wait(const struct state_dir *state_dir, int wait_ms, struct state_dir_lock *ret,
			struct err *err);
/* Whether somebody has it, this process included. *ret_owner: who, or "" if that is not known;
 * NULL: nobody. Owned by the caller. */
int state_dir_owner(const struct state_dir *state_dir, char **ret_owner, struct err *err);
void state_dir_unlock(struct state_dir_lock *lock);

#endif
