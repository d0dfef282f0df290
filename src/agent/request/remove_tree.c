/* SPDX-License-Identifier: MIT */
#include "remove_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deeper than any directory of images. */
#define DEPTH_MAX 64
/* One directory is read so often at most. The last read finds nothing to remove. */
#define READS_MAX 64

struct removal {
	dev_t device;
	int cause; /* errno of the first failure; 0: none */
};

static void fail(struct removal *r)
{
	if (!r->cause && errno != ENOENT)
		r->cause = errno;
}

static void empty(struct removal *r, int dir_fd, const char *keep, int depth);

/* True if it was removed. */
static bool remove_entry(struct removal *r, int dir_fd, const char *name, int depth)
{
	if (unlinkat(dir_fd, name, 0) == 0)
		return true;
	if (errno != EISDIR && errno != EPERM) {
		fail(r);
		return false;
	}
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		fail(r);
		return false;
	}
	empty(r, fd, NULL, depth + 1);
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		return true;
	fail(r);
	return false;
}

/* Reads the directory once. True if anything was removed. */
static bool empty_once(struct removal *r, DIR *dir, const char *keep, int depth)
{
	bool removed = false;

	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    !(keep && strcmp(e->d_name, keep) == 0))
			removed |= remove_entry(r, dirfd(dir), e->d_name, depth);
	return removed;
}

/* Removes the entries of a directory; closes it. */
static void empty(struct removal *r, int dir_fd, const char *keep, int depth)
{
	struct stat st;
	DIR *dir = NULL;

	if (depth > DEPTH_MAX)
		errno = ELOOP;
	else if (fstat(dir_fd, &st) == 0 && st.st_dev != r->device)
		errno = EXDEV; /* another file system is mounted there */
	else
		dir = fdopendir(dir_fd);
	if (!dir) {
		fail(r);
		(void)close(dir_fd);
		return;
	}
	/* A file system whose places in a directory are numbers passes over entries when others are
	 * removed before them. */
	for (int i = 0; i < READS_MAX && empty_once(r, dir, keep, depth); i++)
		rewinddir(dir);
	(void)closedir(dir);
}

int remove_tree(const char *path, const char *keep)
{
	struct removal r = {0};
	struct stat st;

	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) == 0)
		r.device = st.st_dev;
	empty(&r, fd, keep, 0);
	if (!keep && rmdir(path) < 0)
		fail(&r);
	errno = r.cause;
	return r.cause ? -1 : 0;
}
