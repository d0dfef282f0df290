/* SPDX-License-Identifier: MIT */
/* CRIU dumps an IPC namespace as a whole, and none of the host's: what a container has there stays
 * behind, and the copy finds another host's. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "agent/request/process.h"
#include "walk.h"

/* Semaphores of a set that are asked who used them last. */
#define SEMAPHORES_MAX 256

static bool is_ours(const struct walk *walk, long pid)
{
	return pid > 0 && walk_finds(walk, (pid_t)pid);
}

/* Calls it for each row of a table of /proc/sysvipc. */
static void each(struct walk *walk, const char *file, void (*look)(struct walk *, const char *))
{
	FILE *table = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;

	if (table && getline(&line, &size, table) > 0)
		while (getline(&line, &size, table) > 0 && !request_over(walk->req))
			look(walk, line);
	free(line);
	if (table)
		(void)fclose(table);
}

/* key msqid perms cbytes qnum lspid lrpid */
static void look_at_queue(struct walk *walk, const char *row)
{
	int id, sender, receiver;

	if (sscanf(row, "%*d %d %*o %*u %*u %d %d", &id, &sender, &receiver) != 3)
		return;
	int pid = is_ours(walk, sender) ? sender : receiver;
	if (is_ours(walk, pid))
		walk_tell(walk, "host-ipc", "process %d, message queue %d", pid, id);
}

/* key semid perms nsems */
static void look_at_semaphores(struct walk *walk, const char *row)
{
	int id, n;

	if (sscanf(row, "%*d %d %*o %d", &id, &n) != 2)
		return;
	for (int i = 0; i < n && i < SEMAPHORES_MAX; i++) {
		int pid = semctl(id, i, GETPID);
		if (!is_ours(walk, pid))
			continue;
		walk_tell(walk, "host-ipc", "process %d, semaphores %d", pid, id);
		return;
	}
}

/* key shmid perms size cpid lpid: what is mapped is told by mapped_files(). */
static void look_at_memory(struct walk *walk, const char *row)
{
	int id, creator, last;

	if (sscanf(row, "%*d %d %*o %*u %d %d", &id, &creator, &last) != 3)
		return;
	int pid = is_ours(walk, last) ? last : creator;
	if (is_ours(walk, pid))
		walk_tell(walk, "host-ipc", "process %d, shared memory %d", pid, id);
}

void host_ipc(struct walk *walk)
{
	if (walk->first <= 0 || !process_in_our(walk->first, "ipc"))
		return;
	each(walk, "/proc/sysvipc/msg", look_at_queue);
	each(walk, "/proc/sysvipc/sem", look_at_semaphores);
	each(walk, "/proc/sysvipc/shm", look_at_memory);
}
