/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mounts.h"
#include "process.h"
#include "walk.h"

#define INFO_MAX (1 << 20)
#define EPOLL "anon_inode:[eventpoll]"
/* The kernel's own form of a device number. */
#define MINOR_BITS 20

/* A dump finds a periodic timer expired, and not yet read, with a probability that falls with its
 * interval. */
#define TIMER_MAX 5

static char *read_info(pid_t pid, int fd)
{
	CLEANUP_FREE char *file = str_fmt("fdinfo/%d", fd);

	return process_file(pid, file, INFO_MAX, NULL);
}

/* The next line after *at that begins with a key, after the key; NULL: none. */
static const char *next_row(const char **at, const char *key)
{
	const char *row = NULL;

	while (*at && **at && !row) {
		if (str_starts(*at, key))
			row = *at + strlen(key);
		*at = strchr(*at, '\n');
		*at += *at != NULL;
	}
	return row;
}

/* CRIU opens what is watched by its handle, which an overlay gives only with nfs_export=on. */
static void tell_watches(struct walk *walk, pid_t pid, int fd, const char *key, const char *info)
{
	CLEANUP_MOUNTS struct mounts mounts = {0};
	const char *row;

	mounts_read(pid, &mounts);
	for (const char *at = info; (row = next_row(&at, key)) != NULL;) {
		const char *device = strstr(row, "sdev:");
		size_t len = strcspn(row, "\n");
		if (!device || device > row + len)
			continue;
		unsigned long number = strtoul(device + strlen("sdev:"), NULL, 16);
		if (!mounts_have_overlay(&mounts, (unsigned)(number >> MINOR_BITS),
					 (unsigned)(number & ((1u << MINOR_BITS) - 1))))
			continue;
		walk_tell(walk, "watch", "process %d, descriptor %d, %s", (int)pid, fd, key);
		return;
	}
}

/* A timer that has expired is not running, and CRIU takes it for one that was never set. */
static void tell_timer(struct walk *walk, pid_t pid, int fd, const char *info)
{
	const char *at = info, *row = next_row(&at, "it_interval:");
	unsigned long long seconds, nanoseconds;

	if (!row || sscanf(row, " (%llu, %llu)", &seconds, &nanoseconds) != 2 ||
	    (!seconds && !nanoseconds) || seconds >= TIMER_MAX)
		return;
	walk_tell(walk, "timer", "process %d, descriptor %d, every %llu.%03llu s", (int)pid, fd,
		  seconds, nanoseconds / 1000000);
}

static bool is_same_file(pid_t pid, const char *fd, unsigned long inode)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/fd/%s", (int)pid, fd);
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == inode;
}

/* Whether a process has a file open, under that number or another one. */
static bool has_file(pid_t pid, int fd, unsigned long inode)
{
	CLEANUP_FREE char *number = str_fmt("%d", fd), *path = str_fmt("/proc/%d/fd", (int)pid);
	bool found = is_same_file(pid, number, inode);
	DIR *dir = found ? NULL : opendir(path);

	for (struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;)
		found = *e->d_name != '.' && is_same_file(pid, e->d_name, inode);
	if (dir)
		(void)closedir(dir);
	return found;
}

static bool has_epoll(pid_t pid, int fd)
{
	CLEANUP_FREE char *link = str_fmt("fd/%d", fd);
	CLEANUP_FREE char *target = process_link(pid, link);

	return target && strcmp(target, EPOLL) == 0;
}

/* A forked process may have the set of its parent, and closed what is in it. */
static bool is_in_relative(const struct walk *walk, int set, int fd, unsigned long inode)
{
	for (size_t i = 0; i < walk->n; i++)
		if (has_epoll(walk->processes[i].pid, set) &&
		    has_file(walk->processes[i].pid, fd, inode))
			return true;
	return false;
}

/* "tfd: 5 events: 19 data: 5 pos:0 ino:61 sdev:5". The entry outlives its descriptor while another
 * process has the file open. */
static bool has_closed_entry(const struct walk *walk, pid_t pid, int set, struct buf *ret)
{
	CLEANUP_FREE char *info = read_info(pid, set);
	const char *row;
	unsigned long inode;
	int fd;

	for (const char *at = info; (row = next_row(&at, "tfd:")) != NULL;) {
		if (sscanf(row, " %d events: %*x data: %*x pos:%*d ino:%lx", &fd, &inode) != 2 ||
		    has_file(pid, fd, inode) || is_in_relative(walk, set, fd, inode))
			continue;
		walk_name(pid, ret);
		buf_printf(ret, ", descriptor %d in the set of %d", fd, set);
		return true;
	}
	return false;
}

static bool has_closed_entries(const struct walk *walk, pid_t pid, struct buf *ret)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	bool found = false;

	for (struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;) {
		int fd = atoi(e->d_name);
		found = *e->d_name != '.' && has_epoll(pid, fd) &&
			has_closed_entry(walk, pid, fd, ret);
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

void closed_entries(struct walk *walk, pid_t pid)
{
	walk_suspect(walk, "epoll", pid, has_closed_entries);
}

bool kernel_file(struct walk *walk, pid_t pid, int fd, const char *name)
{
	static const char kind[] = "anon_inode:";
	CLEANUP_FREE char *info = NULL;

	if (!str_starts(name, kind))
		return false;
	name += strlen(kind);
	if (strcmp(name, "[io_uring]") == 0)
		walk_tell(walk, "io-uring", "process %d, descriptor %d", (int)pid, fd);
	if (strcmp(name, "[eventpoll]") == 0)
		return true;
	if (strcmp(name, "inotify") != 0 && strcmp(name, "[fanotify]") != 0 &&
	    strcmp(name, "[timerfd]") != 0)
		return false;
	info = read_info(pid, fd);
	if (strcmp(name, "[timerfd]") == 0)
		tell_timer(walk, pid, fd, info);
	else
		tell_watches(walk, pid, fd, *name == 'i' ? "inotify" : "fanotify", info);
	return false;
}
