/* SPDX-License-Identifier: MIT */
#include "own_mounts.h"

#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#define PATH_BYTES 4096
/* How CRIU names the directory in its work directory that has the hierarchies of cgroup v1. */
#define YARD ".criu.cg"

static bool is_yard(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && str_starts(slash + 1, YARD);
}

static void find_yards(struct argv *ret)
{
	FILE *mounts = setmntent("/proc/thread-self/mounts", "re");
	char text[2 * PATH_BYTES];
	struct mntent m;

	while (mounts && getmntent_r(mounts, &m, text, sizeof(text)))
		if (is_yard(m.mnt_dir))
			argv_add(ret, m.mnt_dir);
	if (mounts)
		(void)endmntent(mounts);
}

/*
 * In a copied namespace they come before the host's own in the list of mounts, which follows the
 * tree, and runc takes the first mount of a hierarchy for the host's: the container's cgroups would
 * have paths that are gone when the other restore has ended. A mount that has just gone is no
 * failure.
 */
static void leave_yards(void)
{
	CLEANUP_ARGV struct argv yards = {0};

	find_yards(&yards);
	for (size_t i = 0; i < yards.n; i++)
		(void)umount2(yards.v[i], MNT_DETACH | UMOUNT_NOFOLLOW);
}

int own_mounts_enter(struct request *req)
{
	request_spoil_thread(req);
	if (unshare(CLONE_NEWNS | CLONE_FS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return request_errno(req, "can't make a mount namespace");
	leave_yards();
	return 0;
}
