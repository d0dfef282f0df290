/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "walk.h"

/* A line of /proc/PID/maps: "FROM-TO rw-s OFFSET DEVICE INODE   NAME". */
struct mapping {
	unsigned long from, to;
	const char *access;
	char *name; /* "" if it has none */
};

static bool mapping_read(char *line, struct mapping *ret)
{
	char *at = line;

	ret->from = strtoul(at, &at, 16);
	if (*at != '-')
		return false;
	ret->to = strtoul(at + 1, &at, 16);
	ret->access = at += strspn(at, " ");
	for (int field = 0; field < 4; field++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	ret->name = at;
	return strlen(ret->access) > 4;
}

/* CRIU writes its first instruction there, as a debugger does. The kernel allows that in a private
 * mapping, and in a shared one that the process itself may write to. */
static bool is_code(struct walk *walk, pid_t pid, const struct mapping *m)
{
	if (m->access[2] != 'x')
		return false;
	if (m->access[3] == 's' && m->access[1] != 'w')
		walk_tell(walk, "code", "process %d, %s", (int)pid,
			  *m->name ? m->name : "nameless memory");
	return true;
}

static void look(struct walk *walk, pid_t pid, struct mapping *m, const struct mounts *own)
{
	/* In maps the addresses have 8 digits at least, the names in map_files have as many as they
	 * need. */
	CLEANUP_FREE char *link =
		*m->name ? str_fmt("/proc/%d/map_files/%lx-%lx", (int)pid, m->from, m->to) : NULL;

	if (!link)
		return;
	if (str_starts(m->name, "anon_inode:[io_uring]"))
		walk_tell(walk, "io-uring", "process %d, mapped", (int)pid);
	else if (unknown_mapping(walk, pid, m->name, link) || *m->name != '/')
		return;
	if (str_starts(m->name, "/SYSV") && process_in_our(pid, "ipc"))
		walk_tell(walk, "host-ipc", "process %d, %.*s", (int)pid,
			  (int)strcspn(m->name, " "), m->name);
	if (walk_is_memory(m->name))
		huge_file(walk, pid, link, m->access[3] == 'p' ? m->to - m->from : 0);
	if (walk_cut_deleted(m->name)) {
		if (!walk_is_memory(m->name))
			walk_tell_deleted(walk, link, m->name,
					  mounts_at(own->n ? own : &walk->mounts, m->name));
		return;
	}
	/* A file that is mapped for writing, and shared, is written. */
	used_path(walk, own,
		  &(struct used_file){.pid = pid,
				      .fd = USED_MAPPED,
				      .written = m->access[1] == 'w' && m->access[3] == 's',
				      .link = link,
				      .path = m->name});
}

void mapped_files(struct walk *walk, pid_t pid, const struct mounts *own)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	bool has_code = false;
	struct mapping m;
	char *line = NULL;
	size_t size = 0;

	while (maps && getline(&line, &size, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!mapping_read(line, &m))
			continue;
		has_code = has_code || is_code(walk, pid, &m);
		look(walk, pid, &m, own);
	}
	free(line);
	if (maps)
		(void)fclose(maps);
}
