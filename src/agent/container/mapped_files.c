/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "walk.h"

static void look(struct walk *walk, pid_t pid, char *line)
{
	char *path = strchr(line, '/');
	unsigned long from, to;

	if (strstr(line, " anon_inode:[io_uring]"))
		walk_tell(walk, "io-uring", "process %d, mapped", (int)pid);
	if (path && str_starts(path, "/SYSV") && process_in_our(pid, "ipc"))
		walk_tell(walk, "host-ipc", "process %d, %.*s", (int)pid, (int)strcspn(path, " "),
			  path);
	if (!path || !walk_cut_deleted(path) || walk_is_memory(path) ||
	    sscanf(line, "%lx-%lx ", &from, &to) != 2)
		return;
	/* In maps the addresses have 8 digits at least, the names in map_files have as many as they
	 * need. */
	CLEANUP_FREE char *link = str_fmt("/proc/%d/map_files/%lx-%lx", (int)pid, from, to);
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
