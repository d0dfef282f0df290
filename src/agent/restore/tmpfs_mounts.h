/* SPDX-License-Identifier: MIT */
/* tmpfs_mounts: the tmpfs of a container that belong to it alone. */
#ifndef CMIGRATE_AGENT_TMPFS_MOUNTS_H
#define CMIGRATE_AGENT_TMPFS_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cmigrate/base/str.h"

/* Words for tar at both ends: a tmpfs keeps these attributes, and CRIU's own archives lack them. */
#define TAR_ATTRIBUTES                                                                             \
	"--xattrs", "--xattrs-include=user.*", "--xattrs-include=security.capability", "--acls"

struct tmpfs_mount {
	unsigned number; /* its name in the images, from 1 */
	char *options; /* "rw,size=64k": those that any kernel takes; the kernel adds the others */
	char *path;    /* in the container; of harmless characters */
	dev_t device;
};

struct tmpfs_mounts {
	pid_t pid; /* a process of the container */
	struct tmpfs_mount *v;
	size_t n;
};
#define CLEANUP_TMPFS_MOUNTS __attribute__((cleanup(tmpfs_mounts_clear)))

/*
 * Finds them in the texts of mountinfo of a host and of a container: not a host's tmpfs that is
 * bound there. Adds none at all if mounts propagate between container and host, because the restore
 * makes mounts of its own.
 */
void tmpfs_mounts_find(struct tmpfs_mounts *ret, const char *host, const char *container);
/* Finds those of a container by its first process. -1: it has gone, or is in another user
 * namespace.
 */
int tmpfs_mounts_read(struct tmpfs_mounts *ret, pid_t pid);
/* Drops number i of the list. */
void tmpfs_mounts_drop(struct tmpfs_mounts *mounts, size_t i);
void tmpfs_mounts_clear(struct tmpfs_mounts *mounts);

/* Whether these are options of a tmpfs as tmpfs_mounts_find() chooses them. */
bool tmpfs_options_are_known(const char *options);

/* As text, and back, for the time between two requests. -1: it is no such text. */
void tmpfs_mounts_print(const struct tmpfs_mounts *mounts, struct buf *to);
int tmpfs_mounts_parse(struct tmpfs_mounts *ret, const char *text);

/* Opens the root of one (O_PATH), -1 if the path leads elsewhere by now, even to the host's
 * files. */
int tmpfs_mount_open(const struct tmpfs_mounts *mounts, size_t i);

#endif
