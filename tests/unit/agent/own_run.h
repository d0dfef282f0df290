/* SPDX-License-Identifier: MIT */
/* A /run and a /sys/fs/cgroup of the test's own, in a mount namespace: what runc keeps there. */
#ifndef CMIGRATE_TEST_OWN_RUN_H
#define CMIGRATE_TEST_OWN_RUN_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

static inline void own_run_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		abort();
	}
}

/* For one process with one thread; ends with it. */
static inline void own_run_enter(void)
{
	CLEANUP_FREE char *uid = str_fmt("0 %u 1", (unsigned)geteuid());
	CLEANUP_FREE char *gid = str_fmt("0 %u 1", (unsigned)getegid());
	bool root = geteuid() == 0;

	if (unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) < 0) {
		perror("unshare");
		abort();
	}
	if (!root) {
		own_run_write("/proc/self/uid_map", uid);
		own_run_write("/proc/self/setgroups", "deny");
		own_run_write("/proc/self/gid_map", gid);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("run", "/run", "tmpfs", 0, NULL) < 0 ||
	    mount("cgroup", "/sys/fs/cgroup", "tmpfs", 0, NULL) < 0 ||
	    mkdir("/run/runc", 0700) < 0) {
		perror("/run");
		abort();
	}
}

#endif
