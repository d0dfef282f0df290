/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "walk.h"

/* What is mapped for writing, and shared. */
static bool is_written(const char *line)
{
	char rights[5] = "";

	return sscanf(line, "%*x-%*x %4s", rights) == 1 && rights[1] == 'w' && rights[3] == 's';
}

static void look(struct walk *walk, pid_t pid, char *line, const struct mounts *own)
{
	char *path = strchr(line, '/');
	unsigned long from, to;

	if (strstr(line, " anon_inode:[io_uring]"))
		walk_tell(walk, "io-uring", "process %d, mapped", (int)pid);
	if (path && str_starts(path, "/SYSV") && process_in_our(pid, "ipc"))
		walk_tell(walk, "host-ipc", "process %d, %.*s", (int)pid, (int)strcspn(path, " "),
			  path);
	if (!path || walk_is_memory(path))
		return;
	bool gone = walk_cut_deleted(path);
	if ((!gone && !walk->has_local) || sscanf(line, "%lx-%lx ", &from, &to) != 2)
		return;
	/* In maps the addresses have 8 digits at least, the names in map_files have as many as they
	 * need. */
	CLEANUP_FREE char *link = str_fmt("/proc/%d/map_files/%lx-%lx", (int)pid, from, to);
	if (gone)
		walk_tell_deleted(walk, link, path, mounts_at(own->n ? own : &walk->mounts, path));
	else
		used_path(walk, own,
			  &(struct used_file){.pid = pid,
					      .fd = USED_MAPPED,
					      .written = is_written(line),
					      .link = link,
					      .path = path});
}

void mapped_files(struct walk *walk, pid_t pid, const struct mounts *own)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (maps && getline(&line, &size, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		look(walk, pid, line, own);
	}
	free(line);
	if (maps)
		(void)fclose(maps);
}
