/* SPDX-License-Identifier: MIT */
#include "image_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEND_MAX (64ul * 1024 * 1024)

int image_files_open(struct request *req, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		(void)request_errno(req, "'%s'", path);
	return fd;
}

/* 0, or -1 with errno. */
static int copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, SEND_MAX);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}

int image_files_copy(struct request *req, int from_dir, int to_dir, const char *name)
{
	if (unlinkat(to_dir, name, 0) < 0 && errno != ENOENT)
		return request_errno(req, "'%s'", name);
	if (linkat(from_dir, name, to_dir, name, 0) == 0)
		return 0;
	int from = openat(from_dir, name, O_RDONLY | O_CLOEXEC);
	int to = from < 0 ? -1
			  : openat(to_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
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
static void forget(int dir)
{
	CLEANUP_FREE char *name = str_fmt("look.%d", (int)gettid());

	if (mkdirat(dir, name, 0700) == 0)
		(void)unlinkat(dir, name, AT_REMOVEDIR);
}

int image_files_list(struct request *req, const char *path, int dir, unsigned long long count,
		     struct argv *ret)
{
	if (count && list(req, path, ret) != 0)
		return 1;
	if (!count || ret->n != count) {
		forget(dir);
		argv_clear(ret);
		if (list(req, path, ret) != 0)
			return 1;
	}
	if (!ret->n || (count && ret->n != count))
		return request_fail(req, "not all images of the dump are in '%s'", path);
	return 0;
}
