/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/request/process.h"
#include "mounts.h"
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

/* The seconds and nanoseconds of a row of fdinfo. */
static bool read_time(const char *info, const char *key, unsigned long long ret[2])
{
	const char *at = info, *row = next_row(&at, key);

	return row && sscanf(row, " (%llu, %llu)", &ret[0], &ret[1]) == 2;
}

/* A timer that has expired is not running, and CRIU takes it for one that is not set. */
static void tell_timer(struct walk *walk, pid_t pid, int fd, const char *info)
{
	const char *at = info, *ticks = next_row(&at, "ticks:");
	unsigned long long value[2], interval[2];

	if (!ticks || !read_time(info, "it_value:", value) ||
	    !read_time(info, "it_interval:", interval))
		return;
	bool is_set = value[0] || value[1] || strtoull(ticks, NULL, 10);
	if (!is_set || (!interval[0] && !interval[1]) || interval[0] >= TIMER_MAX)
		return;
	walk_tell(walk, "timer", "process %d, descriptor %d, every %llu.%03llu s", (int)pid, fd,
		  interval[0], interval[1] / 1000000);
}

/* A file in a set of epoll. */
struct entry {
	pid_t pid; /* that has the set */
	unsigned long inode;
	struct kcmp_epoll_slot slot; /* toff: which of the entries with that number */
};

/* Both ends of a pipe have one inode; only kcmp() tells them apart, if the kernel has it. */
static bool is_same_file(pid_t pid, int fd, const struct entry *entry)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/fd/%d", (int)pid, fd);
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == entry->inode &&
	       syscall(SYS_kcmp, pid, entry->pid, KCMP_EPOLL_TFD, (unsigned long)fd,
		       &entry->slot) <= 0;
}

/* Whether a process has the file open, under that number or another one. */
static bool has_file(pid_t pid, const struct entry *entry)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/fd", (int)pid);
	bool found = is_same_file(pid, (int)entry->slot.tfd, entry);
	DIR *dir = found ? NULL : opendir(path);

	for (struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;)
		found = *e->d_name != '.' && is_same_file(pid, atoi(e->d_name), entry);
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
static bool is_in_relative(const struct walk *walk, const struct entry *entry)
{
	for (size_t i = 0; i < walk->n; i++)
		if (has_epoll(walk->processes[i].pid, (int)entry->slot.efd) &&
		    has_file(walk->processes[i].pid, entry))
			return true;
	return false;
}

/* "tfd: 5 events: 19 data: 5 pos:0 ino:61 sdev:5". The entry outlives its descriptor while another
 * one of the file is open. */
static bool has_closed_entry(const struct walk *walk, pid_t pid, int set, struct buf *ret)
{
	CLEANUP_FREE char *info = read_info(pid, set);
	struct entry entry = {.pid = pid, .slot = {.efd = (unsigned)set}};
	const char *row;
	unsigned long inode;
	unsigned fd;

	for (const char *at = info; (row = next_row(&at, "tfd:")) != NULL;) {
		if (sscanf(row, " %u events: %*x data: %*x pos:%*d ino:%lx", &fd, &inode) != 2)
			continue;
		entry.slot.toff = entry.inode && entry.slot.tfd == fd ? entry.slot.toff + 1 : 0;
		entry.slot.tfd = fd;
		entry.inode = inode;
		if (has_file(pid, &entry) || is_in_relative(walk, &entry))
			continue;
		walk_name(pid, ret);
		buf_printf(ret, ", descriptor %u in the set of %d", fd, set);
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
