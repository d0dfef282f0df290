/* SPDX-License-Identifier: MIT */
#include "mounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"

void mounts_read(pid_t pid, struct mounts *ret)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/mountinfo", (int)pid);
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	memset(ret, 0, sizeof(*ret));
	while (file && getline(&line, &size, file) > 0) {
		struct mount_row row = {0};
		if (sscanf(line, "%d %*d %u:%u ", &row.id, &row.major, &row.minor) != 3)
			continue;
		row.memory = strstr(line, " - tmpfs ") || strstr(line, " - ramfs ");
		row.overlay = strstr(line, " - overlay ") && !strstr(line, "nfs_export=on");
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
	free(mounts->rows);
	memset(mounts, 0, sizeof(*mounts));
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
