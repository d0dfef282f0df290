/* SPDX-License-Identifier: MIT */
/* mounts: the mounts that a process sees (/proc/PID/mountinfo). */
#ifndef CMIGRATE_AGENT_MOUNTS_H
#define CMIGRATE_AGENT_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct mount_row {
	int id;
	unsigned major, minor; /* of its device */
	bool memory;	       /* a tmpfs, or a ramfs */
	bool overlay;	       /* an overlay that gives no handles */
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
/* Whether a mount of the same file system is among them. */
bool mounts_have_device(const struct mounts *mounts, const struct mount_row *row);
/* Whether the device is that of an overlay among them that gives no handles. */
bool mounts_have_overlay(const struct mounts *mounts, unsigned major, unsigned minor);

#endif
