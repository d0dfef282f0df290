/* SPDX-License-Identifier: MIT */
#include "restore_tmpfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/program.h"
#include "agent/request/session.h"
#include "agent/request/text_file.h"
#include "own_mounts.h"
#include "tmpfs_mounts.h"

#define LIST_MAX (1024 * 1024)
#define CONF_MAX (1024 * 1024)
#define EXTERNAL "external mnt[tmpfs-"

/* A line of the list of saved ones: a number and options. */
struct saved {
	char *number, *options, *dir;
};

static void saved_clear(struct saved *saved)
{
	free(saved->number);
	free(saved->options);
	free(saved->dir);
}
#define CLEANUP_SAVED __attribute__((cleanup(saved_clear)))

static int parse(struct request *req, const char *line, struct saved *ret)
{
	CLEANUP_ARGV struct argv words = {0};

	argv_words(&words, line, " ");
	if (words.n != 2 || strspn(words.v[0], "0123456789") != strlen(words.v[0]) ||
	    strlen(words.v[0]) > 9 || !tmpfs_options_are_known(words.v[1])) {
		(void)request_fail(req, "the list of saved tmpfs can't be read");
		return 1;
	}
	CLEANUP_FREE char *below = str_fmt("tmpfs/%s", words.v[0]);
	ret->number = str_dup(words.v[0]);
	ret->options = str_dup(words.v[1]);
	ret->dir = path_in_run(req, below);
	return 0;
}

static bool is_read_only(const struct saved *saved)
{
	return str_starts(saved->options, "ro");
}

/* tar would not say where. */
static int unpack(struct request *req, const char *archive, const char *dir)
{
	char *argv[] = {"tar",
			"--numeric-owner",
			"--same-permissions",
			TAR_ATTRIBUTES,
			"-C",
			(char *)dir,
			"-xf",
			(char *)archive,
			NULL};
	CLEANUP_BUF struct buf err = {0};

	if (program_run(req, &(struct program){.argv = argv}, NULL, &err) == 0)
		return 0;
	CLEANUP_FREE char *reason = program_reason(&err);
	return request_fail(req, "'%s' can't be unpacked: %s", archive, reason);
}

/* With the contents as they were when it was saved last. */
static int mount_one(struct request *req, const struct saved *saved)
{
	CLEANUP_FREE char *last = str_fmt("tmpfs/%s.again", saved->number);
	CLEANUP_FREE char *first = str_fmt("tmpfs/%s.tar", saved->number);
	CLEANUP_FREE char *archive = path_in_images(req, last);
	/* After "rw" or "ro". */
	const char *options = saved->options[2] ? saved->options + 3 : NULL;

	if (mkdir(saved->dir, 0700) < 0 && errno != EEXIST)
		return request_errno(req, "can't make '%s'", saved->dir);
	if (mount("tmpfs", saved->dir, "tmpfs", 0, options) < 0)
		return request_errno(req, "can't mount '%s'", saved->dir);
	if (access(archive, F_OK) < 0) {
		free(archive);
		archive = path_in_images(req, first);
	}
	if (unpack(req, archive, saved->dir) != 0)
		return 1;
	if (is_read_only(saved) && mount(NULL, saved->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return request_errno(req, "can't make '%s' read-only", saved->dir);
	return 0;
}

/* Adds the text of a configuration file, but for the lines of an earlier try. */
static int add_conf(const char *path, struct buf *to)
{
	CLEANUP_FREE char *text = text_file_read(path, CONF_MAX, NULL);
	CLEANUP_ARGV struct argv lines = {0};

	if (!text)
		return -1;
	argv_words(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (!str_starts(lines.v[i], EXTERNAL))
			buf_printf(to, "%s\n", lines.v[i]);
	return 0;
}

static int mount_all(struct request *req, const char *list)
{
	CLEANUP_FREE char *path = path_in_run(req, "criu.conf");
	CLEANUP_FREE char *new_path = path_in_run(req, "criu.new");
	CLEANUP_FREE char *dir = path_in_run(req, "tmpfs");
	CLEANUP_ARGV struct argv lines = {0};
	CLEANUP_BUF struct buf conf = {0};

	if (add_conf(path, &conf) < 0)
		return request_errno(req, "can't read '%s'", path);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return request_errno(req, "can't make '%s'", dir);
	argv_words(&lines, list, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEANUP_SAVED struct saved saved = {0};
		if (parse(req, lines.v[i], &saved) != 0 || mount_one(req, &saved) != 0)
			return 1;
		buf_printf(&conf, EXTERNAL "%s]:%s\n", saved.number, saved.dir);
	}
	if (text_file_write(new_path, &conf) < 0 || rename(new_path, path) < 0)
		return request_errno(req, "can't write '%s'", path);
	return 0;
}

static char *read_list(const struct request *req)
{
	CLEANUP_FREE char *path = path_in_images(req, "tmpfs/list");

	return text_file_read(path, LIST_MAX, NULL);
}

int restore_tmpfs_mount(struct request *req)
{
	CLEANUP_FREE char *list = read_list(req);

	if (!list || !*list)
		return 0;
	return own_mounts_enter(req) != 0 ? 1 : mount_all(req, list);
}

/* Whether they are mounted there: the restore's process is in another namespace than the agent. */
static bool has_mounts(pid_t pid)
{
	return process_in_our(pid, "pid") && !process_in_our(pid, "mnt");
}

static int enter_restore(struct request *req)
{
	CLEANUP_FREE char *record = NULL, *run = path_run(req);
	CLEANUP_PIDS struct pids members = {0};

	record = session_path(run, SESSION_RESTORE);
	session_members(record, &members);
	for (size_t i = 0; i < members.n; i++) {
		if (!has_mounts(members.v[i]))
			continue;
		CLEANUP_FREE char *path = str_fmt("/proc/%d/ns/mnt", (int)members.v[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		request_spoil_thread(req);
		int status = unshare(CLONE_FS) < 0 || setns(fd, CLONE_NEWNS) < 0 ? -1 : 0;
		close(fd);
		if (status == 0)
			return 0;
	}
	return request_fail(req, "the restore that has the mounts of '%s' is gone",
			    request_get(req, "container"));
}

/* Removes what is in a directory, and closes it; nothing that is mounted in it. */
static int empty(int dir, dev_t device)
{
	DIR *stream = fdopendir(dir);
	int status = 0;
	struct dirent *entry;
	struct stat st;

	if (!stream) {
		close(dir);
		return -1;
	}
	while (status == 0 && (entry = readdir(stream))) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != device) {
			status = -1;
		} else if (S_ISDIR(st.st_mode)) {
			int below =
				openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			status = below < 0 || empty(below, device) < 0
					 ? -1
					 : unlinkat(dir, name, AT_REMOVEDIR);
		} else {
			status = unlinkat(dir, name, 0);
		}
	}
	closedir(stream);
	return status;
}

static int refill_one(struct request *req, const struct saved *saved)
{
	CLEANUP_FREE char *name = str_fmt("tmpfs/%s.again", saved->number);
	CLEANUP_FREE char *archive = path_in_images(req, name);
	int dir = open(saved->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0) {
		(void)request_errno(req, "can't open '%s'", saved->dir);
		if (dir >= 0)
			close(dir);
		return 1;
	}
	if (empty(dir, st.st_dev) < 0)
		return request_errno(req, "can't empty '%s'", saved->dir);
	return unpack(req, archive, saved->dir);
}

/* The restore has looked for the new archives before they were there. NFS may remember that until
 * this host changes the directory. */
static int look_again(struct request *req)
{
	CLEANUP_FREE char *look = path_in_images(req, "tmpfs/look");

	if ((mkdir(look, 0700) < 0 && errno != EEXIST) || rmdir(look) < 0)
		return request_errno(req, "can't make '%s'", look);
	return 0;
}

/* refill: gives a parked restore the contents of each tmpfs as they were when the container froze,
 * because they had changed. */
int verb_refill(struct request *req)
{
	CLEANUP_FREE char *list = NULL;
	CLEANUP_ARGV struct argv lines = {0};

	if (look_again(req) != 0)
		return 1;
	list = read_list(req);
	if (!list)
		return request_errno(req, "the list of saved tmpfs can't be read");
	if (enter_restore(req) != 0)
		return 1;
	argv_words(&lines, list, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEANUP_SAVED struct saved saved = {0};
		if (parse(req, lines.v[i], &saved) != 0 ||
		    (!is_read_only(&saved) && refill_one(req, &saved) != 0))
			return 1;
	}
	return 0;
}
