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

/* After unshare(), before the first process of it: it has no name. One that has ended has no names
 * of others either. */
static bool has_unborn_namespace(const struct walk *walk, pid_t pid)
{
	CLEANUP_FREE char *ours = process_link(walk->first, "ns/pid_for_children");
	CLEANUP_FREE char *theirs = process_link(pid, "ns/pid_for_children");
	CLEANUP_FREE char *other = process_link(pid, "ns/ipc");

	return ours && !theirs && other;
}

/* CRIU dumps mount namespaces below the container's. */
static bool is_nested(const struct walk *walk, pid_t pid, struct buf *ret)
{
	static const char *const kinds[] = {
		"pid",	"pid_for_children", "net", "ipc", "uts", "user", "cgroup",
		"time", "time_for_children"};
	const char *kind = has_unborn_namespace(walk, pid) ? "pid_for_children" : NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && !kind; i++) {
		CLEANUP_FREE char *link = str_fmt("ns/%s", kinds[i]);
		CLEANUP_FREE char *theirs = process_link(pid, link);
		CLEANUP_FREE char *ours = process_link(walk->first, link);
		if (theirs && ours && strcmp(theirs, ours) != 0)
			kind = kinds[i];
	}
	if (!kind)
		return false;
	walk_name(pid, ret);
	buf_printf(ret, ", %s namespace", kind);
	return true;
}

void unseizable(struct walk *walk, const struct process_status *p)
{
	walk_suspect(walk, "traced", p->pid, is_traced);
	walk_suspect(walk, "zombie", p->pid, is_zombie_leader);
	if (walk->first > 0 && p->pid != walk->first)
		walk_suspect(walk, "nested", p->pid, is_nested);
}
