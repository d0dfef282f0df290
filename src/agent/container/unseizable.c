/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "walk.h"

/* A process with more threads is not looked at thread by thread. */
#define TASKS_MAX 4096

/* The first thread of a process that another process traces; 0: none. */
static pid_t traced_task(pid_t pid, pid_t *ret_tracer)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	struct process_status status;
	pid_t found = 0;
	int n = 0;

	for (struct dirent *e; dir && !found && n++ < TASKS_MAX && (e = readdir(dir)) != NULL;) {
		pid_t task = atoi(e->d_name);
		if (task <= 0 || !process_status_read(task, &status) || !status.tracer)
			continue;
		*ret_tracer = status.tracer;
		found = task;
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static bool is_traced(const struct walk *walk, pid_t pid, struct buf *ret)
{
	pid_t tracer = 0;

	(void)walk;
	if (!traced_task(pid, &tracer))
		return false;
	walk_name(pid, ret);
	buf_puts(ret, ", by ");
	walk_name(tracer, ret);
	return true;
}

/* Its first thread has ended, others have not. */
static bool is_zombie_leader(const struct walk *walk, pid_t pid, struct buf *ret)
{
	struct process_status status;

	(void)walk;
	if (!process_status_read(pid, &status) || status.state != 'Z' || status.threads < 2)
		return false;
	walk_name(pid, ret);
	return true;
}

/* CRIU doesn't dump namespaces of these kinds below the container's. It dumps mount namespaces. */
static const char *const kinds[] = {
	"pid",	"pid_for_children", "net", "ipc", "uts", "user", "cgroup",
	"time", "time_for_children"};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

static char *link_of(pid_t pid, size_t kind)
{
	CLEANUP_FREE char *link = str_fmt("ns/%s", kinds[kind]);

	return process_link(pid, link);
}

/* Whether it has another one than the first process. After unshare(), before the first process of
 * it, a PID namespace has no name. A process that has ended has no names of others either. */
static bool is_other(const struct walk *walk, pid_t pid, size_t kind)
{
	CLEANUP_FREE char *theirs = link_of(pid, kind);
	const char *ours = walk->namespaces.v[kind];

	if (theirs || strcmp(kinds[kind], "pid_for_children") != 0)
		return theirs && *ours && strcmp(theirs, ours) != 0;
	CLEANUP_FREE char *another = process_link(pid, "ns/ipc");
	return *ours && another;
}

static bool is_nested(const struct walk *walk, pid_t pid, struct buf *ret)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (!is_other(walk, pid, i))
			continue;
		walk_name(pid, ret);
		buf_printf(ret, ", %s namespace", kinds[i]);
		return true;
	}
	return false;
}

static void read_namespaces(struct walk *walk)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		CLEANUP_FREE char *link = link_of(walk->first, i);
		argv_add(&walk->namespaces, link ? link : "");
	}
}

void unseizable(struct walk *walk, const struct process_status *p)
{
	if (p->tracer || p->threads > 1)
		walk_suspect(walk, "traced", p->pid, is_traced);
	if (p->state == 'Z')
		walk_suspect(walk, "zombie", p->pid, is_zombie_leader);
	if (walk->first <= 0 || p->pid == walk->first)
		return;
	if (!walk->namespaces.n)
		read_namespaces(walk);
	walk_suspect(walk, "nested", p->pid, is_nested);
}
