/* SPDX-License-Identifier: MIT */
/* Questions about a path of ours: the bundle root, a bundle, images. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"

static char *path_asked(const struct request *req)
{
	if (request_has(req, "images"))
		return path_images(req);
	return request_has(req, "container") ? path_bundle(req) : str_dup(req->root);
}

/* A host that can't tell has not said no. */
static int say_whether(struct request *req, const char *path, bool as_directory)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	if (!there && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return request_errno(req, "can't look at '%s'", path);
	request_say(req, "%s\n", there && (!as_directory || S_ISDIR(st.st_mode)) ? "yes" : "no");
	return 0;
}

/* Its size on disk, with everything below it. */
static int say_bytes(struct request *req, char *path)
{
	char *paths[] = {path, NULL};
	unsigned long long bytes = 0;
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	int status = 0;

	if (!walk)
		return request_errno(req, "can't look at '%s'", path);
	while (status == 0 && !request_over(req) && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS ||
		    entry->fts_info == FTS_DNR) {
			errno = entry->fts_errno;
			status = request_errno(req, "can't look at '%s'", entry->fts_path);
		} else if (entry->fts_info != FTS_DP) {
			bytes += (unsigned long long)entry->fts_statp->st_blocks * 512;
		}
	}
	(void)fts_close(walk);
	request_say(req, "%llu\n", bytes);
	return status;
}

int verb_path(struct request *req)
{
	CLEANUP_FREE char *path = path_asked(req);

	if (request_is(req, "op", "is-directory"))
		return say_whether(req, path, true);
	if (request_is(req, "op", "exists"))
		return say_whether(req, path, false);
	if (request_is(req, "op", "bytes"))
		return say_bytes(req, path);
	return request_fail(req, "'%s' is not one of is-directory, exists, bytes",
			    request_get(req, "op"));
}

/* Waits until the file system of a checkpoint's images has everything on disk. */
int verb_sync(struct request *req)
{
	CLEANUP_FREE char *images = path_images(req);
	int fd = open(images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0) {
		(void)request_errno(req, "can't write '%s' to disk", images);
		if (fd >= 0)
			(void)close(fd);
		return 1;
	}
	(void)close(fd);
	return 0;
}
