/* SPDX-License-Identifier: MIT */
/* mounts: the mounts that a process sees (/proc/PID/mountinfo). */
#ifndef CMIGRATE_AGENT_MOUNTS_H
#define CMIGRATE_AGENT_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct mount_row {
	int id, parent;
	unsigned major, minor; /* of its device */
	char *root, *point;    /* in its file system; where it is, for the process's root */
	bool memory;	       /* a tmpfs, or a ramfs */
	bool overlay;	       /* an overlay that gives no handles */
	bool read_only;	       /* the mount, or its file system */
	bool receives;	       /* mounts of another namespace appear below it */
	bool shared;	       /* mounts below it appear in another namespace */
};

struct mounts {
	struct mount_row *rows;
	size_t n;
};
#define CLEANUP_MOUNTS __attribute__((cleanup(mounts_clear)))

/* None if the process has gone. */
void mounts_read(pid_t pid, struct mounts *ret);
void mounts_clear(struct mounts *mounts);
/* NULL: it sees no mount of that id. */
const struct mount_row *mounts_find(const struct mounts *mounts, int id);
/* The mount that a path is on: of several at the longest point, the last. NULL: none. */
const struct mount_row *mounts_at(const struct mounts *mounts, const char *path);
/* The rest of a path after a directory above it, "" or with its slash; NULL: it isn't below. */
const char *path_below(const char *path, const char *directory);
/* Whether a mount of the same file system is among them. */
bool mounts_have_device(const struct mounts *mounts, const struct mount_row *row);
/* Whether the device is that of an overlay among them that gives no handles. */
bool mounts_have_overlay(const struct mounts *mounts, unsigned major, unsigned minor);

#endif
