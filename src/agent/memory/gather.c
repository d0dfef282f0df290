/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"

#define DESCRIPTORS "descriptors.json"
#define SEND_MAX (64ul * 1024 * 1024)

/* 0, or -1 with errno. */
static int copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, SEND_MAX);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}

static int copy(struct request *req, int images, int pages, const char *name)
{
	int from = openat(images, name, O_RDONLY | O_CLOEXEC);
	int to =
		from < 0 ? -1 : openat(pages, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int status = to < 0 || copy_bytes(from, to) < 0 ? request_errno(req, "'%s'", name) : 0;

	if (from >= 0)
		(void)close(from);
	if (to >= 0 && close(to) < 0 && status == 0)
		status = request_errno(req, "'%s'", name);
	return status;
}

static bool is_image(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && len > 4 && strcmp(name + len - 4, ".img") == 0;
}

/* The names of the images that are visible now. 0, or 1 with a message. */
static int list(struct request *req, const char *path, struct argv *ret)
{
	DIR *dir = opendir(path);

	if (!dir)
		return request_errno(req, "'%s'", path);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (is_image(entry->d_name))
			argv_add(ret, entry->d_name);
	(void)closedir(dir);
	return 0;
}

/* NFS may remember an older list of the directory; it forgets that when this host changes the
 * directory. */
static void forget(int images)
{
	CLEANUP_FREE char *name = str_fmt("look.%d", (int)gettid());

	if (mkdirat(images, name, 0700) == 0)
		(void)unlinkat(images, name, AT_REMOVEDIR);
}

static int gather(struct request *req, const char *path, int images, int pages)
{
	CLEANUP_ARGV struct argv names = {0};
	const bool counted = request_has(req, "count");
	const unsigned long long count = request_number(req, "count");

	if (counted && count == 0)
		return copy(req, images, pages, DESCRIPTORS);
	if (counted && list(req, path, &names) != 0)
		return 1;
	if (!counted || names.n != count) {
		forget(images);
		argv_clear(&names);
		if (list(req, path, &names) != 0)
			return 1;
	}
	if (!names.n || (counted && names.n != count))
		return request_fail(req, "not all images of the dump are in '%s'", path);
	for (size_t i = 0; i < names.n; i++)
		if (copy(req, images, pages, names.v[i]) != 0)
			return 1;
	return copy(req, images, pages, DESCRIPTORS);
}

static int open_directory(struct request *req, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		(void)request_errno(req, "'%s'", path);
	return fd;
}

/*
 * gather container id [images] [count]: copies the images of the shared directory beside the memory
 * that came straight here (receive_keeper.c), because CRIU looks for all of them in one directory.
 * count: how many the source has written; 0: none yet but the list of descriptors, which runc reads
 * first; without it the number is not known any more. Copies, because a link would lead nowhere
 * once CRIU has changed its root, and CRIU takes an image that it doesn't find for empty.
 */
int verb_gather(struct request *req)
{
	CLEANUP_FREE char *from = path_images(req);
	CLEANUP_FREE char *to = path_in_run(req, "pages");
	int images = open_directory(req, from);
	int pages = images < 0 ? -1 : open_directory(req, to);
	int status = pages < 0 ? 1 : gather(req, from, images, pages);

	if (images >= 0)
		(void)close(images);
	if (pages >= 0)
		(void)close(pages);
	return status;
}
