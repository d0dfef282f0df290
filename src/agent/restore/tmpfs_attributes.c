/* SPDX-License-Identifier: MIT */
#include "tmpfs_attributes.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/request/fact.h"
#include "tmpfs_contents.h"
#include "tmpfs_mounts.h"

#define FILES_MAX 5000
#define DEPTH_MAX 40
#define NAMES_MAX 4096

struct scan {
	unsigned files, depth;
	dev_t device;
	struct buf found; /* "FILE: NAME" */
};

/* Labels of SELinux and the like belong to the host. */
static bool matters(const char *name)
{
	return str_starts(name, "user.") || strcmp(name, "security.capability") == 0 ||
	       str_starts(name, "system.posix_acl_");
}

static bool has_attribute(struct scan *scan, int dir, const char *name, const char *path)
{
	CLEANUP_FREE char *link = str_fmt("/proc/self/fd/%d/%s", dir, name);
	char names[NAMES_MAX];
	ssize_t n = llistxattr(link, names, sizeof(names) - 1);

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		names[n] = '\0';
		if (!matters(names + i))
			continue;
		buf_printf(&scan->found, "%s: %s", path, names + i);
		return true;
	}
	return false;
}

static bool scan_file(struct scan *scan, int dir, const char *name, const char *path);

static bool scan_below(struct scan *scan, int dir, const char *path)
{
	DIR *stream = fdopendir(dir);
	bool found = false;

	if (!stream) {
		close(dir);
		return false;
	}
	for (struct dirent *e; !found && scan->files < FILES_MAX && (e = readdir(stream));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		CLEANUP_FREE char *below = str_fmt("%s/%s", path, e->d_name);
		found = scan_file(scan, dirfd(stream), e->d_name, below);
	}
	closedir(stream);
	return found;
}

static bool scan_file(struct scan *scan, int dir, const char *name, const char *path)
{
	struct stat st;

	scan->files++;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != scan->device)
		return false;
	if (has_attribute(scan, dir, name, path))
		return true;
	int below = S_ISDIR(st.st_mode) && scan->depth < DEPTH_MAX
			    ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			    : -1;
	if (below < 0)
		return false;
	scan->depth++;
	bool found = scan_below(scan, below, path);
	scan->depth--;
	return found;
}

static void scan_mount(struct request *req, const struct tmpfs_mounts *mounts, size_t i,
		       unsigned *files)
{
	CLEANUP_BUF struct buf contents = {0};
	struct scan scan = {.files = *files, .device = mounts->v[i].device};
	int root = tmpfs_mount_open(mounts, i);

	if (root < 0)
		return;
	if (scan_file(&scan, root, ".", mounts->v[i].path))
		fact_say(req, tmpfs_contents(root, &contents) ? "attribute-saved" : "attribute",
			 buf_str(&scan.found));
	close(root);
	buf_clear(&scan.found);
	*files = scan.files;
}

void tmpfs_attributes(struct request *req, const struct runc_state *state)
{
	CLEANUP_TMPFS_MOUNTS struct tmpfs_mounts mounts = {0};
	unsigned files = 0;

	if (tmpfs_mounts_read(&mounts, state->pid) < 0)
		return;
	for (size_t i = 0; i < mounts.n && !request_over(req); i++)
		scan_mount(req, &mounts, i, &files);
}
