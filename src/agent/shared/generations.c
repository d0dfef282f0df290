/* SPDX-License-Identifier: MIT */
#include "generations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/remove_tree.h"
#include "agent/request/text_file.h"
#include "cmigrate/base/name.h"
#include "cmigrate/base/proc.h"
#include "state_file.h"

#define DESCRIPTION_MAX 4096

int verb_generations(struct request *req);

static char *path_all(const struct request *req)
{
	CLEANUP_FREE char *bundle = path_bundle(req);

	return str_fmt("%s/checkpoints", bundle);
}

/* Removes a directory that is called ".ID". */
static int remove_hidden(struct request *req, const char *all, const char *name)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", all, name);

	return remove_tree(path, NULL) < 0 ? request_errno(req, "can't remove '%s'", path) : 0;
}

static int sweep(struct request *req)
{
	CLEANUP_FREE char *all = path_all(req);
	struct err unused = ERR_INIT;
	DIR *dir = opendir(all);
	int status = 0;

	if (!dir)
		return errno == ENOENT ? 0 : request_errno(req, "'%s'", all);
	for (struct dirent *e; status == 0 && (e = readdir(dir)) != NULL;)
		if (*e->d_name == '.' && name_check_id(e->d_name + 1, &unused) == 0)
			status = remove_hidden(req, all, e->d_name);
	(void)closedir(dir);
	return status;
}

int generations_prepare(struct request *req)
{
	CLEANUP_FREE char *all = path_all(req);

	if (mkdir(all, 0700) < 0 && errno != EEXIST)
		return request_errno(req, "can't make '%s'", all);
	return sweep(req);
}

/* It is there, with its description. */
static bool is_kept(const char *generation)
{
	CLEANUP_FREE char *path = str_fmt("%s/" GENERATION_FILE, generation);

	return access(path, F_OK) == 0;
}

static int describe(const struct request *req, const char *hidden)
{
	int dir = state_dir_open(hidden, false);
	int fd = dir < 0 ? -1 : state_file_open(dir, GENERATION_FILE, O_WRONLY | O_CREAT | O_TRUNC);
	/* The images too. */
	int status = fd < 0 || write_whole(fd, buf_str(&req->input), req->input.len) < 0 ||
				     fsync(fd) < 0 || syncfs(fd) < 0
			     ? -1
			     : 0;
	int saved = errno;

	fd_close(&fd);
	fd_close(&dir);
	errno = saved;
	return status;
}

/* An NFS server that gets a rename twice says the second time that it failed. */
static int put_in_place(const char *all, const char *hidden, const char *kept)
{
	int status = rename(hidden, kept) < 0 && !is_kept(kept) ? -1 : 0;
	int dir = status < 0 ? -1 : open(all, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0) {
		status = fsync(dir);
		(void)close(dir);
	}
	return status;
}

static int keep(struct request *req)
{
	const char *id = request_get(req, "id");
	CLEANUP_FREE char *all = path_all(req);
	CLEANUP_FREE char *hidden = str_fmt("%s/.%s", all, id ? id : "");
	CLEANUP_FREE char *kept = str_fmt("%s/%s", all, id ? id : "");

	if (!id || !req->input.len || req->input.len > DESCRIPTION_MAX)
		return request_fail(req, "'generations' needs an id and a description");
	return describe(req, hidden) < 0 || put_in_place(all, hidden, kept) < 0
		       ? request_errno(req, "can't write '%s' to disk", kept)
		       : 0;
}

/* It no longer counts when its first file is removed. */
static int remove_one(struct request *req)
{
	const char *id = request_get(req, "id");
	CLEANUP_FREE char *all = path_all(req);
	CLEANUP_FREE char *hidden = str_fmt(".%s", id ? id : "");
	CLEANUP_FREE char *from = str_fmt("%s/%s", all, id ? id : "");
	CLEANUP_FREE char *to = str_fmt("%s/%s", all, hidden);

	if (!id)
		return request_fail(req, "'generations' needs an id");
	if (rename(from, to) < 0 && errno != ENOENT)
		return request_errno(req, "can't rename '%s'", from);
	return remove_hidden(req, all, hidden);
}

static void say_one(struct request *req, const char *all, const char *container, const char *id)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s/" GENERATION_FILE, all, id);
	CLEANUP_FREE char *text = text_file_read(path, DESCRIPTION_MAX, NULL);

	if (text)
		request_say(req, "generation=%s %s %.*s\n", container, id,
			    (int)strcspn(text, "\r\n"), text);
}

/* Says "checkpoint=CONTAINER SECONDS" of one that has ended the container, by its last image. */
static void say_checkpoint(struct request *req, const char *bundle, const char *container)
{
	CLEANUP_FREE char *path = str_fmt("%s/checkpoint/inventory.img", bundle);
	struct stat st;

	if (stat(path, &st) == 0)
		request_say(req, "checkpoint=%s %lld\n", container, (long long)st.st_mtime);
}

static int list_one(struct request *req, const char *bundle, const char *container)
{
	CLEANUP_FREE char *all = str_fmt("%s/checkpoints", bundle);
	struct err unused = ERR_INIT;
	DIR *dir = opendir(all);

	say_checkpoint(req, bundle, container);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : request_errno(req, "'%s'", all);
	for (struct dirent *e; !request_over(req) && (e = readdir(dir)) != NULL;)
		if (name_check_id(e->d_name, &unused) == 0)
			say_one(req, all, container, e->d_name);
	(void)closedir(dir);
	return 0;
}

/* Lists those of one container, or of all. */
static int list(struct request *req)
{
	const char *container = request_get(req, "container");
	CLEANUP_FREE char *own = path_bundle(req);
	struct err unused = ERR_INIT;
	int status = 0;

	if (container)
		return list_one(req, own, container);
	DIR *root = opendir(req->root);
	if (!root)
		return request_errno(req, "'%s'", req->root);
	for (struct dirent *e; !request_over(req) && (e = readdir(root)) != NULL;) {
		CLEANUP_FREE char *bundle = str_fmt("%s/%s", req->root, e->d_name);
		if (name_check(e->d_name, &unused) == 0 && list_one(req, bundle, e->d_name) != 0)
			status = 1;
	}
	(void)closedir(root);
	return status;
}

/*
 * op=list says "generation=CONTAINER ID JSON" for each, in no order. keep: what was written into
 * ".ID", with the input as its description, becomes a generation once it is on disk. remove: one of
 * them. sweep: what was left unfinished; a checkpoint sweeps by itself before it writes.
 */
int verb_generations(struct request *req)
{
	if (request_is(req, "op", "list"))
		return list(req);
	if (!request_has(req, "container"))
		return request_fail(req, "'generations' needs 'container'");
	if (request_is(req, "op", "keep"))
		return keep(req);
	if (request_is(req, "op", "remove"))
		return remove_one(req);
	if (request_is(req, "op", "sweep"))
		return sweep(req);
	return request_fail(req, "op is none of list, keep, remove and sweep");
}
