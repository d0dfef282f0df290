/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

struct atomic_file {
	const char *name; /* as given, for messages */
	const char *path; /* the file to be replaced: name, or the target of that link */
	const char *data;
	size_t len;
	bool replace;
};

int fd_write_all(int fd, const char *name, const char *data, size_t len, struct err *err)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, EXIT_FAILED, "can't write '%s'", name);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* On a network file system, a full disk may show only at close(2). */
static int close_checked(int fd, const char *name, int status, struct err *err)
{
	if (close(fd) < 0 && status == 0)
		return err_errno(err, EXIT_FAILED, "can't write '%s'", name);
	return status;
}

static int write_through(const char *path, const char *data, size_t len, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_errno(err, EXIT_FAILED, "can't open '%s'", path);
	return close_checked(fd, path, fd_write_all(fd, path, data, len, err), err);
}

static int fill(const struct atomic_file *o, int fd, struct err *err)
{
	int status = fd_write_all(fd, o->name, o->data, o->len, err);

	if (status == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		status = err_errno(err, EXIT_FAILED, "can't write '%s'", o->name);
	return close_checked(fd, o->name, status, err);
}

static int already_there(const char *path, struct err *err)
{
	return err_set(err, EXIT_FAILED, "'%s' exists; use --force to replace it", path);
}

/* Unlike rename(2), link(2) refuses an existing name, even one created a moment ago. */
static int give_name(const struct atomic_file *o, const char *temporary, struct err *err)
{
	struct stat st;

	if (o->replace) {
		if (rename(temporary, o->path) < 0)
			return err_errno(err, EXIT_FAILED, "can't replace '%s'", o->name);
		return 0;
	}
	if (link(temporary, o->path) == 0)
		return 0;
	int saved = errno;
	/* open(2): over NFS link(2) may report an error though it worked; the link count tells. */
	if (stat(temporary, &st) == 0 && st.st_nlink == 2)
		return 0;
	if (saved == EEXIST)
		return already_there(o->name, err);
	errno = saved;
	return err_errno(err, EXIT_FAILED, "can't create '%s'", o->name);
}

/* Puts the new name itself on disk. Not every file system can sync a directory, so errors are
 * ignored. */
static void sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return str_dup(".");
	return str_dupn(path, slash == path ? 1 : (size_t)(slash - path));
}

static int write_beside(const struct atomic_file *o, struct err *err)
{
	CLEANUP_FREE char *directory = directory_of(o->path);
	CLEANUP_FREE char *temporary = str_fmt("%s/.cmigrate.XXXXXX", directory);
	int fd = mkostemp(temporary, O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, EXIT_FAILED, "can't create a file in '%s'", directory);
	int status = fill(o, fd, err);
	if (status == 0)
		status = give_name(o, temporary, err);
	/* After a rename it is gone already. */
	(void)unlink(temporary);
	if (status == 0)
		sync_directory(directory);
	return status;
}

int atomic_file_write(const char *path, const char *data, size_t len, bool replace, struct err *err)
{
	struct atomic_file o = {path, path, data, len, replace};
	struct stat st;

	if (stat(path, &st) < 0)
		return write_beside(&o, err);
	if (S_ISDIR(st.st_mode))
		return err_set(err, EXIT_FAILED, "'%s' is a directory", path);
	if (!S_ISREG(st.st_mode))
		return write_through(path, data, len, err);
	if (!replace)
		return already_there(path, err);
	CLEANUP_FREE char *target = realpath(path, NULL);
	if (!target)
		return err_errno(err, EXIT_FAILED, "can't replace '%s'", path);
	o.path = target;
	return write_beside(&o, err);
}
