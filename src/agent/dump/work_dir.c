/* SPDX-License-Identifier: MIT */
#include "work_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"

/* Another controller that ends may remove the empty directory above as often. */
#define TRIES 8

int work_dir_make(struct request *req, bool may_have_pages)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *copy = str_dup(run);
	const char *above = dirname(copy);

	if (may_have_pages && work_dir_has_only(req, "pages"))
		return 0;
	for (int i = 0; i < TRIES; i++) {
		if (mkdir(above, 0700) < 0 && errno != EEXIST)
			break;
		if (mkdir(run, 0700) == 0)
			return 0;
		if (errno != ENOENT)
			break;
	}
	return request_errno(req, "can't make '%s'", run);
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int work_dir_write(struct request *req, const char *file, const char *text)
{
	CLEANUP_FREE char *path = path_in_run(req, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int status = fd < 0 ? -1 : write_all(fd, text);

	if (status < 0)
		(void)request_errno(req, "can't write '%s'", path);
	if (fd >= 0)
		(void)close(fd);
	return status < 0;
}

char *work_dir_read(const struct request *req, const char *file, size_t max)
{
	CLEANUP_FREE char *path = path_in_run(req, file);
	CLEANUP_FREE char *text = mem_new(max + 1, 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	n = read(fd, text, max);
	(void)close(fd);
	return n < 0 ? NULL : str_dupn(text, (size_t)n);
}

bool work_dir_has(const struct request *req, const char *file)
{
	CLEANUP_FREE char *path = path_in_run(req, file);

	return access(path, F_OK) == 0;
}

int work_dir_link(const struct request *req, const char *file, const char *name)
{
	CLEANUP_FREE char *from = path_in_run(req, file);
	CLEANUP_FREE char *to = path_in_run(req, name);

	return link(from, to) == 0 || errno == EEXIST ? 0 : -1;
}

int work_dir_remove(const struct request *req, const char *file)
{
	CLEANUP_FREE char *path = path_in_run(req, file);

	return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

bool work_dir_has_only(const struct request *req, const char *file)
{
	CLEANUP_FREE char *run = path_run(req);
	DIR *dir = opendir(run);
	size_t others = 0, found = 0;

	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (strcmp(e->d_name, file) == 0)
			found++;
		else
			others++;
	}
	if (dir)
		(void)closedir(dir);
	return found == 1 && others == 0;
}
