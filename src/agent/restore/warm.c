/* SPDX-License-Identifier: MIT */
/*
 * warm: lets CRIU put its processes into their cgroups without a wait. The kernel guards that by a
 * lock whose first taker waits for an RCU grace period, 6 to 30 ms; a taker within the next 15 ms
 * doesn't wait (kernel/rcu/sync.c; measured). So the agent takes it again and again, by moving
 * itself to the cgroup that it is in, from the freeze until CRIU has begun to restore, for some
 * seconds at most. Only cgroup.procs will do: a thread that moves itself alone takes no such lock.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/text_file.h"

#define CGROUPS_MAX 65536
#define TICK_MS 10
#define TICKS 400

/* Opens cgroup.procs of a line of /proc/self/cgroup, "NUMBER:CONTROLLERS:PATH"; -1: not here. */
static int open_procs(char *line)
{
	const char *controllers, *path;
	int fd;

	(void)strsep(&line, ":");
	controllers = strsep(&line, ":");
	path = line;
	if (!path)
		return -1;
	if (str_starts(controllers, "name="))
		controllers += strlen("name=");
	CLEANUP_FREE char *mine = str_fmt("/sys/fs/cgroup/%s%s/cgroup.procs", controllers, path);
	CLEANUP_FREE char *unified = str_fmt("/sys/fs/cgroup/unified%s/cgroup.procs", path);
	fd = open(mine, O_WRONLY | O_CLOEXEC);
	return fd >= 0 ? fd : open(unified, O_WRONLY | O_CLOEXEC);
}

static int open_own_procs(void)
{
	CLEANUP_FREE char *text = text_file_read("/proc/self/cgroup", CGROUPS_MAX, NULL);
	CLEANUP_ARGV struct argv lines = {0};
	int fd = -1;

	argv_words(&lines, text ? text : "", "\n");
	for (size_t i = 0; i < lines.n && fd < 0; i++)
		fd = open_procs(lines.v[i]);
	return fd;
}

/* Its failure doesn't matter. */
int verb_warm(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *log = path_in_run(req, "restore.log");
	int procs = open_own_procs();
	bool waiting = procs >= 0;

	for (int i = 0; waiting && i < TICKS; i++) {
		waiting = access(run, F_OK) == 0 && access(log, F_OK) < 0 &&
			  pwrite(procs, "0", 1, 0) == 1 && request_sleep(req, TICK_MS);
	}
	if (procs >= 0) {
		(void)!pwrite(procs, "0", 1, 0);
		close(procs);
	}
	return 0;
}
