/* SPDX-License-Identifier: MIT */
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/base/proc.h"

/* The remedy for a full disk. */
#define FULL "; free some space there"
/* root may write wherever it isn't made another user: the text of errno doesn't say that. */
#define SQUASHED "; where it is NFS, export it to that host with no_root_squash"

int state_dir_open(const char *dir, bool create)
{
	struct stat st;

	/* Where it is there already, that decides: a server may refuse before it looks. */
	if (create)
		(void)mkdir(dir, 0700);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOTDIR)
		errno = lstat(dir, &st) == 0 && S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
	return fd;
}

int state_file_open(int dir, const char *file, int flags)
{
	struct stat st;
	int fd = openat(dir, file, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	int status = fstat(fd, &st);
	if (status == 0 && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		status = -1;
	}
	if (status < 0)
		fd_close(&fd);
	return fd;
}

int write_whole(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int read_rest(int fd, size_t max, struct buf *ret)
{
	char chunk[16384];

	for (size_t left = max; left;) {
		ssize_t n = read(fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk));
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0)
			break;
		if (n > 0) {
			buf_add(ret, chunk, (size_t)n);
			left -= (size_t)n;
		}
	}
	return 0;
}

int state_file_fail(struct request *req, const char *what, const char *dir, const char *file)
{
	bool full = errno == ENOSPC || errno == EDQUOT;
	bool squashed = (errno == EACCES || errno == EPERM) && geteuid() == 0;

	if (errno == ELOOP)
		return request_fail(req, "%s'%s/%s': the file or its directory is a symbolic link",
				    what, dir, file);
	return request_fail(req, "%s'%s/%s': %s%s", what, dir, file, strerror(errno),
			    full       ? FULL
			    : squashed ? SQUASHED
				       : "");
}
