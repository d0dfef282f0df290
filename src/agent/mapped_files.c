/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "walk.h"

/* "ADDRESS-ADDRESS" of a line of /proc/PID/maps. */
static bool is_range(const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = strspn(text, hex), to = text[from] == '-' ? strspn(text + from + 1, hex) : 0;

	return from && to && from + 1 + to == len;
}

static void look(struct walk *walk, pid_t pid, char *line)
{
	char *path = strchr(line, '/');
	size_t range = strcspn(line, " ");

	if (!path || !walk_cut_deleted(path) || walk_is_memory(path) || !is_range(line, range))
		return;
	CLEANUP_FREE char *link = str_fmt("/proc/%d/map_files/%.*s", (int)pid, (int)range, line);
	walk_tell_deleted(walk, link, path);
}

void mapped_files(struct walk *walk, pid_t pid)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (maps && getline(&line, &size, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		look(walk, pid, line);
	}
	free(line);
	if (maps)
		(void)fclose(maps);
}
