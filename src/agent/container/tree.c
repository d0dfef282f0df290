/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "walk.h"

/* No tree is deeper; a number that is used anew meanwhile makes no circle. */
#define DEPTH_MAX 4096
#define DEPTH_MAX_OUTSIDE 8

bool walk_is_descendant(const struct walk *walk, pid_t pid)
{
	struct process p = {.parent = pid};

	for (int i = 0; i < DEPTH_MAX && p.parent > 1; i++) {
		if (p.parent == walk->first)
			return true;
		if (!process_read(p.parent, &p))
			return false;
	}
	return p.parent == walk->first;
}

void walk_name(pid_t pid, struct buf *ret)
{
	struct process p;

	buf_printf(ret, "process %d", (int)pid);
	if (process_read(pid, &p))
		buf_printf(ret, " (%s)", p.comm);
}

static bool came_in(const struct walk *walk, pid_t pid, struct buf *ret)
{
	if (process_has_ended(pid) || walk_is_descendant(walk, pid))
		return false;
	walk_name(pid, ret);
	return true;
}

static bool has_session_outside(pid_t pid)
{
	struct process_status status;

	return process_status_read(pid, &status) && status.outside;
}

/* Its session, or its process group, is no one's in the container's PID namespace. */
static bool is_of_outer_session(const struct walk *walk, pid_t pid, struct buf *ret)
{
	if (!has_session_outside(pid) || has_session_outside(walk->first))
		return false;
	walk_name(pid, ret);
	buf_puts(ret, ", of a session outside of it");
	return true;
}

/* "nsenter" leaves a process in its own cgroup; the container's first process inherits it. */
static void look_at_children(struct walk *walk, pid_t pid, int depth)
{
	CLEANUP_FREE char *path = str_fmt("task/%d/children", (int)pid);
	CLEANUP_FREE char *text = process_file(pid, path, 1 << 20, NULL);
	int child, used;

	for (const char *at = text; at && sscanf(at, "%d%n", &child, &used) == 1; at += used) {
		if (walk_finds(walk, child))
			continue;
		walk_suspect(walk, "exec", child, is_of_outer_session);
		if (depth > 0)
			look_at_children(walk, child, depth - 1);
	}
}

/* While "nsenter" waits for a process, that one has its parent outside, and is in nobody's cgroup.
 * It ends with the PID namespace. */
static void look_at_namespace(struct walk *walk)
{
	CLEANUP_FREE char *ours = process_link(walk->first, "ns/pid");
	DIR *proc = process_in_our(walk->first, "pid") ? NULL : opendir("/proc");

	for (struct dirent *e; ours && proc && (e = readdir(proc)) != NULL;) {
		pid_t pid = atoi(e->d_name);
		CLEANUP_FREE char *theirs = pid > 0 ? process_link(pid, "ns/pid") : NULL;
		if (theirs && strcmp(theirs, ours) == 0 && !walk_finds(walk, pid))
			walk_suspect(walk, "exec", pid, came_in);
	}
	if (proc)
		(void)closedir(proc);
}

void tree(struct walk *walk)
{
	struct process p;
	bool known = walk->first > 0 && process_read(walk->first, &p);

	for (size_t i = 0; i < walk->n; i++) {
		struct process_status *status = &walk->processes[i];
		status->descends = !known || status->pid == walk->first ||
				   status->parent == walk->first ||
				   walk_is_descendant(walk, status->pid);
		if (known && (!status->descends || status->outside))
			walk_suspect(walk, "exec", status->pid,
				     status->descends ? is_of_outer_session : came_in);
	}
	if (!known)
		return;
	look_at_children(walk, walk->first, DEPTH_MAX_OUTSIDE);
	look_at_namespace(walk);
}
