/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: does outside of the freeze what CRIU would do inside it with each tmpfs of a container
 * (tar and gzip at the dump, both again at the restore: 9 ms each, also for an empty one).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/runc_state.h"
#include "agent/request/paths.h"
#include "agent/request/program.h"
#include "agent/request/text_file.h"
#include "cmigrate/base/str.h"
#include "tmpfs_contents.h"
#include "tmpfs_mounts.h"

#define MOUNTINFO_MAX (4u * 1024 * 1024)

/*
 * Archives each into IMAGES/tmpfs/NUMBER.SUFFIX; NULL, or the path of the one that can't be. tar
 * works in the directory itself, which is open here: the path may lead elsewhere a moment later.
 */
static const char *archive(struct request *req, const struct tmpfs_mounts *mounts,
			   const char *saved, const char *suffix)
{
	for (size_t i = 0; i < mounts->n; i++) {
		int root = tmpfs_mount_open(mounts, i);
		CLEANUP_FREE char *from = str_fmt("/proc/%d/fd/%d", (int)getpid(), root);
		CLEANUP_FREE char *to = str_fmt("%s/%u.%s", saved, mounts->v[i].number, suffix);
		char *argv[] = {"tar",
				"--format=posix",
				"--one-file-system",
				"--numeric-owner",
				"--sparse",
				TAR_ATTRIBUTES,
				"-C",
				from,
				"-cf",
				to,
				".",
				NULL};
		CLEANUP_BUF struct buf unheard = {0};

		if (root < 0)
			return mounts->v[i].path;
		int status = program_run(req, &(struct program){.argv = argv}, NULL, &unheard);
		close(root);
		if (status)
			return mounts->v[i].path;
	}
	return NULL;
}

/* Keeps those that may be saved ahead, and adds their contents. */
static void choose(struct tmpfs_mounts *mounts, struct buf *contents)
{
	for (size_t i = 0; i < mounts->n;) {
		int root = tmpfs_mount_open(mounts, i);
		const size_t before = contents->len;
		bool plain = root >= 0 && tmpfs_contents(root, contents);
		if (root >= 0)
			close(root);
		if (plain) {
			i++;
			continue;
		}
		contents->len = before;
		tmpfs_mounts_drop(mounts, i);
	}
}

/* Adds lines to CRIU's configuration: all or none, also on a full /run. */
static int add_to_conf(const char *run, const struct buf *lines)
{
	CLEANUP_FREE char *conf = str_fmt("%s/criu.conf", run);
	CLEANUP_FREE char *new = str_fmt("%s/criu.new", run);
	CLEANUP_FREE char *old = text_file_read(conf, MOUNTINFO_MAX, NULL);
	CLEANUP_BUF struct buf text = {0};

	if (!old)
		return -1;
	buf_puts(&text, old);
	buf_add(&text, lines->s, lines->len);
	if (text_file_write(new, &text) == 0 && rename(new, conf) == 0)
		return 0;
	(void)unlink(new);
	return -1;
}

/* Writes the list for the restore, and the lines for CRIU on the source. */
static int write_lists(const char *run, const char *saved, const struct tmpfs_mounts *mounts)
{
	CLEANUP_FREE char *list = str_fmt("%s/list", saved);
	CLEANUP_BUF struct buf lines = {0}, external = {0};

	for (size_t i = 0; i < mounts->n; i++) {
		const struct tmpfs_mount *mount = &mounts->v[i];
		buf_printf(&lines, "%u %s\n", mount->number, mount->options);
		buf_printf(&external, "external mnt[%s]:tmpfs-%u\n", mount->path, mount->number);
	}
	return text_file_write(list, &lines) < 0 ? -1 : add_to_conf(run, &external);
}

static int find_mounts(struct request *req, struct tmpfs_mounts *ret)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};

	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		return -1;
	return tmpfs_mounts_read(ret, state.pid);
}

static int save(struct request *req, const char *run, const char *saved)
{
	CLEANUP_TMPFS_MOUNTS struct tmpfs_mounts mounts = {0};
	CLEANUP_FREE char *list = str_fmt("%s/tmpfs.mounts", run);
	CLEANUP_FREE char *seen = str_fmt("%s/tmpfs.contents", run);
	CLEANUP_BUF struct buf contents = {0}, text = {0};

	if (find_mounts(req, &mounts) < 0)
		return -1;
	/* Listed before they are archived, so that a change in between is seen. */
	choose(&mounts, &contents);
	if (!mounts.n)
		return -1;
	tmpfs_mounts_print(&mounts, &text);
	if (text_file_write(list, &text) < 0 || text_file_write(seen, &contents) < 0 ||
	    mkdir(saved, 0700) < 0 || archive(req, &mounts, saved, "tar"))
		return -1;
	return write_lists(run, saved, &mounts);
}

/* Removes what is left of a try; 0 if nothing is. It has no directories. */
static int remove_saved(const char *run, const char *saved)
{
	CLEANUP_FREE char *list = str_fmt("%s/tmpfs.mounts", run);
	DIR *dir = opendir(saved);
	struct dirent *entry;

	(void)unlink(list);
	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	return rmdir(saved) < 0 && errno != ENOENT ? -1 : 0;
}

/* Every tmpfs that isn't saved is left to CRIU; all are if something is missing. */
static int verb_save(struct request *req, const char *run, const char *saved)
{
	const size_t said = req->err.len;

	if (save(req, run, saved) == 0) {
		request_say(req, "saved\n");
		return 0;
	}
	req->err.len = said;
	if (remove_saved(run, saved) < 0)
		return request_errno(req, "can't remove '%s'", saved);
	return 0;
}

/* Whether they are as they were listed. The container is frozen: nothing is started for this. */
static bool are_same(const struct tmpfs_mounts *mounts, const char *seen_file)
{
	CLEANUP_BUF struct buf now = {0};
	size_t len = 0;
	CLEANUP_FREE char *seen = text_file_read_at(AT_FDCWD, seen_file, MOUNTINFO_MAX, &len);

	for (size_t i = 0; i < mounts->n; i++) {
		int root = tmpfs_mount_open(mounts, i);
		bool plain = root >= 0 && tmpfs_contents(root, &now);
		if (root >= 0)
			close(root);
		if (!plain)
			return false;
	}
	return seen && now.len == len && memcmp(seen, buf_str(&now), len) == 0;
}

/* Compares each with what was saved; those of the images count as complete only then. */
static int verb_same(struct request *req, const char *run, const char *saved)
{
	CLEANUP_TMPFS_MOUNTS struct tmpfs_mounts mounts = {0};
	CLEANUP_FREE char *list = str_fmt("%s/tmpfs.mounts", run);
	CLEANUP_FREE char *seen = str_fmt("%s/tmpfs.contents", run);
	CLEANUP_FREE char *checked = str_fmt("%s/checked", saved);
	CLEANUP_FREE char *text = text_file_read(list, MOUNTINFO_MAX, NULL);
	const struct buf nothing = {0};

	if (!text || tmpfs_mounts_parse(&mounts, text) < 0)
		return request_fail(req, "'%s' can't be read", list);
	if (!are_same(&mounts, seen)) {
		const char *failed = archive(req, &mounts, saved, "again");
		if (failed)
			return request_fail(req,
					    "'%s', a tmpfs of the container, can't be saved: it is "
					    "elsewhere by now, or the images directory is full; "
					    "try again",
					    failed);
		request_say(req, "changed\n");
	}
	return text_file_write(checked, &nothing) < 0
		       ? request_errno(req, "can't write '%s'", checked)
		       : 0;
}

int verb_tmpfs(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *saved = path_in_images(req, "tmpfs");

	return request_is(req, "op", "save") ? verb_save(req, run, saved)
					     : verb_same(req, run, saved);
}
