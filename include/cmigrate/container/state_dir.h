/* SPDX-License-Identifier: MIT */
/*
 * state_dir: the small files that moves keep beside a container's bundle (BUNDLE/.cmigrate):
 * journal, lock, record of past moves. They are reached through a host: this machine if it has the
 * shared directory (the controller is source or destination), else one of the two over ssh.
 */
#ifndef CMIGRATE_STORE_H
#define CMIGRATE_STORE_H

#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/host.h"

struct store {
	struct host *host; /* borrowed */
	char *dir;	   /* BUNDLE/.cmigrate */
};

void store_init(struct store *store, struct host *host, const char *bundle_dir);
void store_clear(struct store *store);

/* The whole text of a file. If there is none, *ret_found is false and *ret untouched. */
int store_read(const struct store *store, const char *file, struct buf *ret, bool *ret_found,
	       struct err *err);
/* Appends text, on disk when it returns. Creates the directory (0700) if needed. */
int store_append(const struct store *store, const char *file, const char *text, struct err *err);
/* As store_append(), but waits neither for the disk nor, over ssh, for the host. */
int store_append_later(const struct store *store, const char *file, const char *text,
		       struct err *err);
/* Replaces the whole file at once: a reader sees the old or the new one. On disk when it
 * returns. */
int store_replace(const struct store *store, const char *file, const char *text, struct err *err);
/* Succeeds if there is no such file. */
int store_remove(const struct store *store, const char *file, struct err *err);

/*
 * An exclusive lock, held until store_unlock() or until this process or its connection ends. It is
 * flock(2): on NFS the kernel turns it into a lock of the server, on a local file system it holds
 * for all processes. Unlike fcntl(2)'s it isn't lost when another descriptor of the file is closed.
 */
struct store_lock {
	int fd; /* on this machine */
	char *path;
	struct channel
		*far; /* over ssh: flock(1) at the other end, which ends with the connection */
};
#define STORE_LOCK_INIT                                                                            \
	{                                                                                          \
		.fd = -1                                                                           \
	}
/* EXIT_BUSY if another process has it. */
int store_lock(const struct store *store, struct store_lock *ret, struct err *err);
void store_unlock(struct store_lock *lock);

#endif
