/* SPDX-License-Identifier: MIT */
#include "tmpfs_contents.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
	dev_t device;
	unsigned files, depth;
	bool plain;
	struct buf *to;
};

static bool is_plain(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFDIR:
	case S_IFLNK:
	case S_IFBLK:
	case S_IFCHR:
		return true;
	case S_IFREG:
		return st->st_size == 0;
	default:
		return false;
	}
}

/* A mount in the tmpfs is none of its files: only that it is there counts. */
static void add_record(struct walk *walk, const char *path, const struct stat *st, const char *link)
{
	if (st->st_dev != walk->device) {
		buf_printf(walk->to, "mount %llu ", (unsigned long long)st->st_dev);
		walk->plain = walk->plain && S_ISDIR(st->st_mode);
	} else {
		buf_printf(walk->to, "%llu %o %llu %u %u %lld.%09ld %lld.%09ld ",
			   (unsigned long long)st->st_ino, st->st_mode,
			   (unsigned long long)st->st_size, st->st_uid, st->st_gid,
			   (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
			   (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
		walk->plain = walk->plain && is_plain(st);
	}
	/* A name may have any byte but NUL. */
	buf_add(walk->to, path, strlen(path) + 1);
	buf_add(walk->to, link, strlen(link) + 1);
	buf_puts(walk->to, "\n");
}

/* Directories are nested so deep at most: a thread's stack is small. */
#define DEPTH_MAX 40
#define LINK_MAX_LEN 4096

static void list(struct walk *walk, int parent, const char *name, const char *path);

static void list_below(struct walk *walk, int dir, const char *path)
{
	DIR *stream = fdopendir(dir);
	struct dirent *entry;

	if (!stream) {
		close(dir);
		walk->plain = false;
		return;
	}
	while (walk->files <= TMPFS_FILES_MAX && (entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		CLEANUP_FREE char *below = str_fmt("%s/%s", path, entry->d_name);
		list(walk, dirfd(stream), entry->d_name, below);
	}
	closedir(stream);
}

/* A file that goes away meanwhile makes the tmpfs one that changes all the time: CRIU's. */
static void list(struct walk *walk, int parent, const char *name, const char *path)
{
	CLEANUP_FREE char *link = NULL;
	struct stat st;

	if (++walk->files > TMPFS_FILES_MAX ||
	    fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		walk->plain = false;
		return;
	}
	if (S_ISLNK(st.st_mode)) {
		link = mem_new(LINK_MAX_LEN, 1);
		walk->plain = readlinkat(parent, name, link, LINK_MAX_LEN - 1) >= 0 && walk->plain;
	}
	add_record(walk, path, &st, link ? link : "");
	if (!S_ISDIR(st.st_mode) || st.st_dev != walk->device)
		return;
	int dir = walk->depth < DEPTH_MAX
			  ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			  : -1;
	if (dir < 0) {
		walk->plain = false;
		return;
	}
	walk->depth++;
	list_below(walk, dir, path);
	walk->depth--;
}

bool tmpfs_contents(int root, struct buf *to)
{
	struct stat st;
	struct walk walk = {.plain = true, .to = to};

	if (fstat(root, &st) < 0)
		return false;
	walk.device = st.st_dev;
	list(&walk, root, ".", "");
	return walk.plain;
}
