/* SPDX-License-Identifier: MIT */
/* bundles: the containers whose state directory has a file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/request.h"
#include "cmigrate/base/name.h"
#include "cmigrate/base/proc.h"

/* Another cmigrate removes files meanwhile. A link is another path of a bundle that is found
 * anyway. */
static bool is_nothing(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* 1: it has the file, 0: it doesn't, -1 with errno. */
static int has_file(int root, const char *name, const char *file)
{
	struct stat st;
	int bundle = open_dir(root, name);
	int state = bundle < 0 ? -1 : open_dir(bundle, ".cmigrate");
	int status = state < 0 ? -1 : fstatat(state, file, &st, AT_SYMLINK_NOFOLLOW);
	int saved = errno;

	fd_close(&state);
	fd_close(&bundle);
	errno = saved;
	return status == 0 ? 1 : is_nothing(errno) ? 0 : -1;
}

static int look(struct request *req, DIR *dir)
{
	const char *file = request_get(req, "file");
	struct err unused = ERR_INIT;
	int status = 0;

	while (!request_over(req)) {
		errno = 0;
		struct dirent *e = readdir(dir);
		if (!e)
			return errno ? request_errno(req, "'%s'", req->root) : status;
		if (name_check(e->d_name, &unused) < 0)
			continue;
		int has = has_file(dirfd(dir), e->d_name, file);
		if (has > 0)
			request_say(req, "%s\n", e->d_name);
		if (has < 0)
			status = request_errno(req, "'%s/%s/.cmigrate/%s'", req->root, e->d_name,
					       file);
	}
	return 1;
}

int verb_bundles(struct request *req)
{
	DIR *dir = opendir(req->root);

	if (!dir)
		return is_nothing(errno)
			       ? request_fail(req, "there is no directory '%s'", req->root)
			       : request_errno(req, "'%s'", req->root);
	int status = look(req, dir);
	(void)closedir(dir);
	return status;
}
