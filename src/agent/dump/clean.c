/* SPDX-License-Identifier: MIT */
/* Removes what a move has made on this host, and the images. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/remove_tree.h"
#include "gate.h"
#include "work_dir.h"

#define PATH_BYTES 4096

int verb_clean(struct request *req);

/* Whoever still waits for a gate that was never reached, or for a page server that never listened,
 * stops waiting. A line is there until its fifo is closed. */
static const char *const waits[] = {GATE_REACHED, GATE_PARKED, GATE_SERVED, "listens"};
#define N_WAITS (sizeof(waits) / sizeof(*waits))

static void wake_all(const struct request *req, int fds[N_WAITS])
{
	struct stat st;

	for (size_t i = 0; i < N_WAITS; i++) {
		CLEANUP_FREE char *path = path_in_run(req, waits[i]);
		fds[i] = stat(path, &st) == 0 && S_ISFIFO(st.st_mode)
				 ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
				 : -1;
		if (fds[i] >= 0)
			(void)!write(fds[i], "gone\n", 5);
	}
}

/* The first mount below the directory; NULL if there is none. Owned by the caller. */
static char *mount_below(const char *dir)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char text[2 * PATH_BYTES], *found = NULL;
	size_t len = strlen(dir);
	struct mntent m;

	while (mounts && !found && getmntent_r(mounts, &m, text, sizeof(text)))
		if (strncmp(m.mnt_dir, dir, len) == 0 && m.mnt_dir[len] == '/')
			found = str_dup(m.mnt_dir);
	if (mounts)
		(void)endmntent(mounts);
	return found;
}

/* A CRIU that crashed leaves all cgroup hierarchies mounted in its work directory. */
static int unmount(struct request *req, const char *run)
{
	for (;;) {
		CLEANUP_FREE char *mount = mount_below(run);
		if (!mount)
			return 0;
		if (umount2(mount, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return request_errno(req, "still mounted: '%s'", mount);
	}
}

/* The directory that a path is in, without a link on the way: a container makes links in its root.
 * -1: there is none. *ret_name: the last word. */
static int open_above(char *path, const char **ret_name)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *next, *word = path + strspn(path, "/");

	for (; fd >= 0 && (next = strchr(word, '/')) != NULL; word = next + 1) {
		*next = '\0';
		int below = strcmp(word, "..") == 0
				    ? -1
				    : openat(fd, *word ? word : ".",
					     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		(void)close(fd);
		fd = below;
	}
	*ret_name = word;
	return fd;
}

static void remove_if_empty(char *path)
{
	struct stat st;
	const char *name;
	int fd = *path == '/' ? open_above(path, &name) : -1;

	if (fd < 0)
		return;
	if (unlinkat(fd, name, AT_REMOVEDIR) < 0 &&
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == 0)
		(void)unlinkat(fd, name, 0);
	(void)close(fd);
}

/* Mount points that runc made in the container's root for a restore go too, if they are empty. */
static void remove_made(char *list)
{
	FILE *made = fopen(list, "re");
	char line[PATH_BYTES];

	free(list);
	while (made && fgets(line, sizeof(line), made)) {
		line[strcspn(line, "\n")] = '\0';
		remove_if_empty(line);
	}
	if (made)
		(void)fclose(made);
}

/* keep: all but the memory that came straight here, for a restore that is tried anew. */
static int remove_run(struct request *req, const char *run)
{
	bool keep = request_is(req, "keep", "yes") && work_dir_has(req, "pages");

	if (remove_tree(run, keep ? "pages" : NULL) < 0)
		return request_errno(req, "can't remove '%s'", run);
	if (!keep) {
		CLEANUP_FREE char *copy = str_dup(run);
		/* Others may be in it. */
		(void)rmdir(dirname(copy));
	}
	return 0;
}

static int remove_all(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *images = path_images(req);
	bool with_images = request_has(req, "images");

	if (unmount(req, run) != 0)
		return 1;
	remove_made(path_in_run(req, "made"));
	if (with_images)
		remove_made(path_in_images(req, "made"));
	if (remove_run(req, run) != 0)
		return 1;
	if (with_images && remove_tree(images, NULL) < 0)
		return request_errno(req, "can't remove '%s'", images);
	return 0;
}

/* Removes the work directory, and the images if their field is there. Fine if they are gone. */
int verb_clean(struct request *req)
{
	int fds[N_WAITS];

	wake_all(req, fds);
	int status = remove_all(req);
	for (size_t i = 0; i < N_WAITS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	return status;
}
