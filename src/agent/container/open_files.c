/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/request/process.h"
#include "mounts.h"
#include "walk.h"

#define FDINFO_MAX 65536

/* The descriptors of one process. */
struct descriptors {
	struct walk *walk;
	pid_t pid;
	bool inside; /* not a process that came in from outside */
	bool has_epoll;
	int dir; /* /proc/PID/fd */
	struct mounts mounts;
};

struct descriptor {
	int fd, mount;		     /* mount -1: not known */
	const struct mount_row *row; /* NULL: the process doesn't see it */
	const char *path;
	char *info; /* fdinfo; NULL if the descriptor is closed */
};

static char *read_info(const struct descriptors *d, int fd)
{
	CLEANUP_FREE char *file = str_fmt("fdinfo/%d", fd);

	return process_file(d->pid, file, FDINFO_MAX, NULL);
}

static int mount_of(const char *info)
{
	const char *line = info ? strstr(info, "mnt_id:") : NULL;

	return line ? atoi(line + strlen("mnt_id:")) : -1;
}

/* Nobody outside can want a lock on a tmpfs that the host itself has not mounted. */
static bool is_own(const struct descriptors *d, const struct descriptor *f)
{
	if (walk_is_memory(f->path))
		return true;
	return f->row && f->row->memory && !mounts_have_device(&d->walk->host_mounts, f->row);
}

/* Whether an older process has the same open file: a fork gives it on under the same number. CRIU
 * restores the lock only if the one that has it is the oldest. */
static bool is_inherited(const struct descriptors *d, const struct descriptor *f)
{
	for (size_t i = 0; i < d->walk->n; i++) {
		pid_t pid = d->walk->processes[i].pid;
		if (pid < d->pid && syscall(SYS_kcmp, d->pid, pid, KCMP_FILE, (unsigned long)f->fd,
					    (unsigned long)f->fd) == 0)
			return true;
	}
	return false;
}

/* "lock:\t1: POSIX  ADVISORY  WRITE 12345 00:2a:1234 0 EOF" */
static void tell_locks(struct descriptors *d, const struct descriptor *f)
{
	static const char key[] = "\nlock:";
	char kind[32], mode[32];

	for (const char *line = f->info; line && (line = strstr(line, key)) != NULL;) {
		line += strlen(key);
		if (sscanf(line, " %*s %31s %*s %31s", kind, mode) != 2)
			continue;
		walk_tell(d->walk, is_own(d, f) ? "own-lock" : "lock", "process %d, %s %s, %s",
			  (int)d->pid, kind, mode, f->path);
		if (strcmp(kind, "POSIX") == 0 && is_inherited(d, f))
			walk_tell(d->walk, "inherited-lock", "process %d, %s, %s", (int)d->pid,
				  mode, f->path);
	}
}

/* A process with another root, or a mount namespace of its own, doesn't see the mount of what it
 * was started with; others of the container do. */
static bool is_mounted_inside(struct walk *walk, int mount)
{
	bool found = false;

	/* Hundreds of processes may have the same file. */
	for (size_t i = 0; i < walk->n_outside; i++)
		if (walk->outside[i] == mount)
			return false;
	for (size_t i = 0; i < walk->n && !found; i++) {
		CLEANUP_MOUNTS struct mounts mounts = {0};
		if (!walk->processes[i].descends)
			continue;
		mounts_read(walk->processes[i].pid, &mounts);
		found = mounts_find(&mounts, mount) != NULL;
	}
	if (!found && walk->n_outside < OUTSIDE_MAX)
		walk->outside[walk->n_outside++] = mount;
	return found;
}

/* A descriptor may be closed and its number be used anew while we look: what seems to be a file of
 * the host is looked at again. */
static bool is_still_outside(const struct descriptors *d, const struct descriptor *f)
{
	CLEANUP_FREE char *name = str_fmt("fd/%d", f->fd);
	CLEANUP_FREE char *now = process_link(d->pid, name);
	CLEANUP_FREE char *info = read_info(d, f->fd);
	int mount = mount_of(info);

	return now && strcmp(now, f->path) == 0 && mount >= 0 && !mounts_find(&d->mounts, mount) &&
	       !is_mounted_inside(d->walk, mount);
}

static bool is_terminal(const char *path)
{
	return str_starts(path, "/dev/pts/") || str_starts(path, "/dev/console") ||
	       str_starts(path, "/dev/tty");
}

/* A file that was deleted while it was open, by an NFS client: ".nfs" and digits. */
static bool is_nfs_deleted(const char *path)
{
	static const char mark[] = "/.nfs";
	const char *name = strrchr(path, '/');
	size_t digits;

	if (!name || !str_starts(name, mark))
		return false;
	digits = strspn(name + strlen(mark), "0123456789abcdef");
	return digits && !name[strlen(mark) + digits];
}

static bool is_written(const char *info)
{
	const char *line = info ? strstr(info, "flags:") : NULL;

	return line && (strtoul(line + strlen("flags:"), NULL, 8) & O_ACCMODE) != O_RDONLY;
}

static void look_at_name(struct descriptors *d, const struct descriptor *f, const char *link)
{
	const struct used_file file = {d->pid, f->fd, is_written(f->info), link, f->path, f->row};
	struct stat st;

	used_file(d->walk, &file);
	if (stat(link, &st) == 0 && S_ISFIFO(st.st_mode))
		fifo_note(d->walk, &file, &st);
}

static void look_at_file(struct descriptors *d, const struct descriptor *f)
{
	CLEANUP_FREE char *path = str_dup(f->path);
	CLEANUP_FREE char *link = str_fmt("/proc/%d/fd/%d", (int)d->pid, f->fd);

	tell_locks(d, f);
	if (walk_is_memory(path))
		huge_file(d->walk, d->pid, link, 0);
	if (f->mount >= 0 && !f->row && !walk_is_memory(path) && is_still_outside(d, f))
		walk_tell(d->walk,
			  is_terminal(path)	? "terminal"
			  : walk_is_queue(link) ? "queue-open"
						: "stdio",
			  "process %d, descriptor %d, %s", (int)d->pid, f->fd, path);
	if (is_nfs_deleted(path)) {
		if (walk_is_new(d->walk, path))
			walk_tell(d->walk, "nfs-deleted", "%s %s",
				  f->row && f->row->read_only ? "ro" : "rw", path);
	} else if (!walk_is_memory(path) && walk_cut_deleted(path)) {
		walk_tell_deleted(d->walk, link, path, f->row);
	} else if (f->row) {
		look_at_name(d, f, link);
	}
}

static void note_socket(struct walk *walk, const struct open_socket *socket)
{
	/* The array grows in powers of two. */
	if ((walk->n_sockets & (walk->n_sockets - 1)) == 0)
		walk->sockets = mem_grow(walk->sockets, walk->n_sockets ? walk->n_sockets * 2 : 1,
					 sizeof(*walk->sockets));
	walk->sockets[walk->n_sockets++] = *socket;
}

/* A process with another root doesn't see all mounts of its namespace. */
static const struct mount_row *row_of(const struct descriptors *d, int mount)
{
	const struct mount_row *row = mounts_find(&d->mounts, mount);

	return row ? row : mounts_find(&d->walk->mounts, mount);
}

static void look(struct descriptors *d, const char *name)
{
	char target[PATH_MAX];
	unsigned inode;
	ssize_t len = readlinkat(d->dir, name, target, sizeof(target) - 1);
	int fd = atoi(name);

	if (len <= 0)
		return;
	target[len] = '\0';
	if (sscanf(target, "socket:[%u]", &inode) == 1)
		note_socket(d->walk,
			    &(struct open_socket){.inode = inode, .pid = d->pid, .fd = fd});
	if (!d->inside)
		return;
	d->has_epoll |= kernel_file(d->walk, d->pid, fd, target);
	if (str_starts(target, "socket:"))
		unknown_socket(d->walk, d->pid, fd);
	else if (unknown_file(d->walk, d->pid, fd, target))
		return;
	if (*target != '/')
		return;
	CLEANUP_FREE char *info = read_info(d, fd);
	int mount = mount_of(info);
	look_at_file(d, &(struct descriptor){fd, mount, row_of(d, mount), target, info});
}

void open_files(struct walk *walk, const struct process_status *p)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/fd", (int)p->pid);
	DIR *dir = opendir(path);
	struct descriptors d = {.walk = walk, .pid = p->pid, .inside = p->descends};

	if (!dir)
		return;
	d.dir = dirfd(dir);
	mounts_read(p->pid, &d.mounts);
	for (struct dirent *e; (e = readdir(dir)) != NULL && !request_over(walk->req);)
		if (*e->d_name != '.')
			look(&d, e->d_name);
	(void)closedir(dir);
	if (d.has_epoll)
		closed_entries(walk, p->pid);
	mounts_clear(&d.mounts);
}
