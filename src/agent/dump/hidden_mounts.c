/* SPDX-License-Identifier: MIT */
#include "hidden_mounts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Only such paths are listed: each is a line without escapes. */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@:._-"

struct mount {
	int id, parent;
	char *path;
};

/* ID PARENT MAJOR:MINOR ROOT PATH ... (proc(5)). */
static bool read_mount(const char *line, struct mount *ret)
{
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_FREE char *copy = str_dupn(line, strcspn(line, "\n"));

	argv_words(&words, copy, " ");
	if (words.n < 5)
		return false;
	*ret = (struct mount){atoi(words.v[0]), atoi(words.v[1]), str_dup(words.v[4])};
	return true;
}

static bool is_plain(const char *path)
{
	while (*path == '/') {
		size_t n = strspn(path + 1, PLAIN);
		if (n == 0)
			return false;
		path += 1 + n;
	}
	return !*path;
}

static bool is_hidden(const struct mount *mounts, size_t n, const struct mount *mount)
{
	for (size_t i = 0; i < n; i++)
		if (mounts[i].id == mount->parent)
			return mounts[i].path[0] == '/' && mounts[i].path[1] &&
			       is_plain(mount->path);
	return false;
}

void hidden_mounts(const char *mountinfo, const char *rootfs, struct buf *ret)
{
	struct mount *mounts = NULL;
	size_t n = 0;

	for (const char *line = mountinfo; line && *line;) {
		mounts = mem_grow(mounts, n + 1, sizeof(*mounts));
		n += read_mount(line, &mounts[n]);
		line = strchr(line, '\n');
		line += line != NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (is_hidden(mounts, n, &mounts[i]))
			buf_printf(ret, "%s%s\n", rootfs, mounts[i].path);
	for (size_t i = 0; i < n; i++)
		free(mounts[i].path);
	free(mounts);
}
