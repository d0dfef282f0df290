/* SPDX-License-Identifier: MIT */
/* images: whether the images of a dump are whole, as this host sees them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/absent.h"
#include "agent/request/paths.h"
#include "agent/request/request.h"
#include "cmigrate/base/checksum.h"
#include "cmigrate/base/proc.h"

/* Exit status where the images certainly aren't whole, and where that can't be seen. */
#define STATUS_NONE 1
#define STATUS_UNSEEN 2
/* Passes of pre-copy are one directory deep. */
#define DEPTH_MAX 8
/* A part of an image that is read at once. */
#define CHUNK (1024 * 1024)

/* The files that a whole dump has. CRIU writes the inventory last, runc the list of descriptors
 * first. */
struct parts {
	char *inventory, *tree, *descriptors;
	char *received; /* the memory that this host itself must have; NULL: none */
	char *tmpfs, *compared;
};

static struct parts parts_of(const struct request *req)
{
	return (struct parts){
		.inventory = path_in_images(req, "inventory.img"),
		.tree = path_in_images(req, "pstree.img"),
		.descriptors = path_in_images(req, "descriptors.json"),
		.received = request_is(req, "transport", "direct")
				    ? path_in_run(req, "pages/received")
				    : NULL,
		.tmpfs = path_in_images(req, "tmpfs"),
		.compared = path_in_images(req, "tmpfs/checked"),
	};
}

static void parts_clear(struct parts *p)
{
	free(p->inventory);
	free(p->tree);
	free(p->descriptors);
	free(p->received);
	free(p->tmpfs);
	free(p->compared);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* *ret_empty: it is there, without a byte. */
static bool has_bytes(const char *path, bool *ret_empty)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	*ret_empty = there && st.st_size == 0;
	return there && st.st_size > 0;
}

/* A tmpfs that was saved ahead must have been compared. */
static bool is_whole(const struct parts *p)
{
	bool empty;

	return has_bytes(p->inventory, &empty) && has_bytes(p->tree, &empty) &&
	       exists(p->descriptors) && (!p->received || exists(p->received)) &&
	       (!exists(p->tmpfs) || exists(p->compared));
}

static bool lacks_something(const struct parts *p)
{
	bool no_inventory, no_tree;

	(void)has_bytes(p->inventory, &no_inventory);
	(void)has_bytes(p->tree, &no_tree);
	return no_inventory || no_tree || path_absent(p->inventory) || path_absent(p->tree) ||
	       path_absent(p->descriptors) || (p->received && path_absent(p->received)) ||
	       (exists(p->tmpfs) && path_absent(p->compared));
}

/* NFS may remember that a file was not there; reading the directory makes it look again. */
static void look_again(char *path)
{
	DIR *dir = opendir(path);

	while (dir && readdir(dir))
		;
	if (dir)
		(void)closedir(dir);
	free(path);
}

/* Whether the shared directory can be read at all: then what is missing is missing. */
static bool is_readable(char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool readable = fd >= 0 && read(fd, &byte, 1) >= 0;

	fd_close(&fd);
	free(path);
	return readable;
}

static bool is_image(const char *name)
{
	size_t len = strlen(name);

	return len >= 4 && strcmp(name + len - 4, ".img") == 0;
}

static int walk(struct request *req, int fd, const char *below, int depth, struct argv *ret);

/* Adds "PATH SIZE" of an image, or those of a directory. -1: it can't be seen. */
static int visit(struct request *req, int dir, const char *path, const char *name, int depth,
		 struct argv *ret)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISDIR(st.st_mode)) {
		int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return depth > 0 ? walk(req, fd, path, depth - 1, ret) : -1;
	}
	if (is_image(name))
		argv_addf(ret, "%s %lld", path, (long long)st.st_size);
	return 0;
}

/* Takes fd. */
static int walk(struct request *req, int fd, const char *below, int depth, struct argv *ret)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int status = 0;

	if (!dir) {
		fd_close(&fd);
		return -1;
	}
	while (status == 0 && !request_over(req)) {
		errno = 0;
		struct dirent *e = readdir(dir);
		if (!e)
			break;
		CLEANUP_FREE char *path = str_fmt("%s/%s", below, e->d_name);
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			status = visit(req, dirfd(dir), path, e->d_name, depth, ret);
	}
	if (errno || request_over(req))
		status = -1;
	(void)closedir(dir);
	return status;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A sum over names and sizes: a host that sees the same files says the same. Then how many files
 * there are, and bytes in them. */
static int say_sum(struct request *req)
{
	CLEANUP_FREE char *path = path_images(req);
	CLEANUP_ARGV struct argv files = {0};
	CLEANUP_BUF struct buf text = {0};
	unsigned long long bytes = 0;

	if (walk(req, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ".", DEPTH_MAX, &files) < 0)
		return STATUS_UNSEEN;
	if (files.n)
		qsort(files.v, files.n, sizeof(*files.v), by_bytes);
	for (size_t i = 0; i < files.n; i++) {
		buf_printf(&text, "%s\n", files.v[i]);
		bytes += strtoull(strrchr(files.v[i], ' ') + 1, NULL, 10);
	}
	request_say(req, "%08x %zu %llu\n", checksum(buf_str(&text)), files.n, bytes);
	return 0;
}

static int judge(struct request *req, const struct parts *parts)
{
	if (is_whole(parts))
		return say_sum(req);
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *state = path_state(req);
	CLEANUP_FREE char *images = path_images(req);
	bool readable = is_readable(str_fmt("%s/config.json", bundle)) ||
			is_readable(str_fmt("%s/journal", state));
	bool lacks = readable && lacks_something(parts);

	(void)request_fail(req,
			   lacks ? "'%s' has no images of a finished dump"
				 : "can't see the images in '%s'",
			   images);
	return lacks ? STATUS_NONE : STATUS_UNSEEN;
}

/* Succeeds with a sum if the images of a finished dump are there. */
int verb_images(struct request *req)
{
	struct parts parts = parts_of(req);

	look_again(path_bundle(req));
	look_again(path_state(req));
	look_again(path_images(req));
	int status = judge(req, &parts);
	parts_clear(&parts);
	return status;
}

/* Marks the images as not whole. */
int verb_void(struct request *req)
{
	CLEANUP_FREE char *path = path_in_images(req, "inventory.img");

	return unlink(path) < 0 && errno != ENOENT ? request_errno(req, "'%s'", path) : 0;
}

static int read_through(struct request *req, int fd, char *chunk)
{
	while (!request_over(req)) {
		ssize_t n = read(fd, chunk, CHUNK);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
	}
	errno = ECANCELED;
	return -1;
}

static bool is_pages(const char *name)
{
	return str_starts(name, "pages-") && is_image(name);
}

static int read_all(struct request *req, DIR *dir, const char *path)
{
	CLEANUP_FREE char *chunk = mem_new(1, CHUNK);
	int status = 0;

	for (struct dirent *e; status == 0 && (e = readdir(dir));) {
		if (!is_pages(e->d_name))
			continue;
		int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || read_through(req, fd, chunk) < 0)
			status = request_errno(req, "'%s/%s'", path, e->d_name);
		fd_close(&fd);
	}
	return status;
}

/*
 * Reads the files of a pass of pre-copy into this host's cache, so that the restore needn't wait
 * for the network or a disk. NFS keeps them cached: nobody writes to these files any more.
 */
int verb_readahead(struct request *req)
{
	CLEANUP_FREE char *pass = str_fmt("pass-%llu", request_number(req, "pass"));
	CLEANUP_FREE char *path = path_in_images(req, pass);
	DIR *dir = opendir(path);

	if (!dir)
		return errno == ENOENT ? 0 : request_errno(req, "'%s'", path);
	int status = read_all(req, dir, path);
	(void)closedir(dir);
	return status;
}
