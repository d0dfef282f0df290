/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

/* A line of /proc/PID/stat is far shorter. */
#define STAT_MAX 2048
/* The same on all architectures; old headers lack them. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int process_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0u);
}

int process_take_fd(int pidfd, int number)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0u);
}

char *process_file(pid_t pid, const char *file, size_t max, size_t *ret_len)
{
	char path[64];
	struct buf text = {0};
	char chunk[4096];
	ssize_t n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	while (text.len < max) {
		size_t want = max - text.len < sizeof(chunk) ? max - text.len : sizeof(chunk);
		n = read(fd, chunk, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_add(&text, chunk, (size_t)n);
	}
	(void)close(fd);
	if (n < 0) {
		buf_clear(&text);
		return NULL;
	}
	if (ret_len)
		*ret_len = text.len;
	return buf_steal(&text);
}

char *process_link(pid_t pid, const char *link)
{
	char path[64], target[4096];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, link);
	ssize_t n = readlink(path, target, sizeof(target));
	return n < 0 || n == (ssize_t)sizeof(target) ? NULL : str_dupn(target, (size_t)n);
}

bool process_in_our(pid_t pid, const char *ns)
{
	CLEANUP_FREE char *link = str_fmt("ns/%s", ns);
	CLEANUP_FREE char *theirs = process_link(pid, link);
	CLEANUP_FREE char *ours = process_link(getpid(), link);

	return theirs && ours && strcmp(theirs, ours) == 0;
}

bool process_read(pid_t pid, struct process *ret)
{
	CLEANUP_FREE char *stat = process_file(pid, "stat", STAT_MAX, NULL);
	char *open = stat ? strchr(stat, '(') : NULL, *close = stat ? strrchr(stat, ')') : NULL;
	unsigned long long user, system;
	int parent, session;

	memset(ret, 0, sizeof(*ret));
	if (!open || !close || close < open)
		return false;
	ret->pid = pid;
	size_t len = (size_t)(close - open) - 1;
	memcpy(ret->comm, open + 1, len < sizeof(ret->comm) ? len : sizeof(ret->comm) - 1);
	/* proc(5): state ppid pgrp session tty tpgid flags 4 counts utime stime 6 more starttime */
	if (sscanf(close + 1,
		   " %c %d %*d %d %*d %*d %u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &ret->state, &parent, &session, &ret->flags, &user, &system, &ret->start) != 7)
		return false;
	ret->parent = parent;
	ret->session = session;
	ret->ticks = user + system;
	return true;
}

struct process *process_all(size_t *ret_n)
{
	struct process *all = NULL;
	size_t n = 0, room = 0;
	DIR *proc = opendir("/proc");

	for (struct dirent *e; proc && (e = readdir(proc)) != NULL;) {
		char *end;
		long pid = strtol(e->d_name, &end, 10);
		if (*end || pid <= 0)
			continue;
		if (n == room) {
			room = room ? 2 * room : 256;
			all = mem_grow(all, room, sizeof(*all));
		}
		n += process_read((pid_t)pid, &all[n]);
	}
	if (proc)
		(void)closedir(proc);
	*ret_n = n;
	return all ? all : mem_new(1, sizeof(*all));
}

bool process_has_ended(pid_t pid)
{
	struct process p;

	return !process_read(pid, &p) || p.state == 'Z' || p.state == 'X' ||
	       (p.flags & PROCESS_EXITING);
}
