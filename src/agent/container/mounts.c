/* SPDX-License-Identifier: MIT */
#include "mounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"

/* Words of a line: ID PARENT MAJOR:MINOR ROOT POINT FLAGS [TAG...] - TYPE SOURCE OPTIONS. */
enum { ID, PARENT, DEVICE, ROOT, POINT, FLAGS, WORDS };

/* Blanks are written "\040" there. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned code;
		if (*from == '\\' && sscanf(from + 1, "%3o", &code) == 1 && strlen(from) >= 4) {
			*to = (char)code;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static bool read_row(char *line, struct mount_row *ret)
{
	char *words[WORDS], *rest = line;

	for (size_t i = 0; i < WORDS; i++)
		if (!(words[i] = strsep(&rest, " ")))
			return false;
	char *type = rest ? strstr(rest, "- ") : NULL;
	if (!type || sscanf(words[DEVICE], "%u:%u", &ret->major, &ret->minor) != 2)
		return false;
	const char *options = strrchr(type, ' ');
	ret->id = atoi(words[ID]);
	ret->parent = atoi(words[PARENT]);
	ret->memory = str_starts(type, "- tmpfs ") || str_starts(type, "- ramfs ");
	ret->overlay = str_starts(type, "- overlay ") && !strstr(type, "nfs_export=on");
	ret->read_only = str_starts(words[FLAGS], "ro") || str_starts(options, " ro");
	*type = '\0';
	ret->shared = strstr(rest, "shared:");
	ret->receives = ret->shared || strstr(rest, "master:");
	unescape(words[ROOT]);
	unescape(words[POINT]);
	ret->root = str_dup(words[ROOT]);
	ret->point = str_dup(words[POINT]);
	return true;
}

void mounts_read(pid_t pid, struct mounts *ret)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/mountinfo", (int)pid);
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	memset(ret, 0, sizeof(*ret));
	while (file && getline(&line, &size, file) > 0) {
		struct mount_row row = {0};
		line[strcspn(line, "\n")] = '\0';
		if (!read_row(line, &row))
			continue;
		/* The array grows in powers of two. */
		if ((ret->n & (ret->n - 1)) == 0)
			ret->rows =
				mem_grow(ret->rows, ret->n ? ret->n * 2 : 1, sizeof(*ret->rows));
		ret->rows[ret->n++] = row;
	}
	free(line);
	if (file)
		(void)fclose(file);
}

void mounts_clear(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->rows[i].root);
		free(mounts->rows[i].point);
	}
	free(mounts->rows);
	memset(mounts, 0, sizeof(*mounts));
}

const char *path_below(const char *path, const char *directory)
{
	size_t len = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	return strncmp(path, directory, len) == 0 && (!path[len] || path[len] == '/') ? path + len
										      : NULL;
}

const struct mount_row *mounts_at(const struct mounts *mounts, const char *path)
{
	const struct mount_row *found = NULL;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount_row *row = &mounts->rows[i];
		if (path_below(path, row->point) &&
		    (!found || strlen(row->point) >= strlen(found->point)))
			found = row;
	}
	return found;
}

const struct mount_row *mounts_find(const struct mounts *mounts, int id)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->rows[i].id == id)
			return &mounts->rows[i];
	return NULL;
}

bool mounts_have_device(const struct mounts *mounts, const struct mount_row *row)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->rows[i].major == row->major && mounts->rows[i].minor == row->minor)
			return true;
	return false;
}

bool mounts_have_overlay(const struct mounts *mounts, unsigned major, unsigned minor)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->rows[i].overlay && mounts->rows[i].major == major &&
		    mounts->rows[i].minor == minor)
			return true;
	return false;
}
