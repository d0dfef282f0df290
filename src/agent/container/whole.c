/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "agent/request/text_file.h"
#include "cgroup.h"

int verb_whole(struct request *req);

/* The number in the line "oom_kill N" of a cgroup's file; 0 if it has no such line. */
static unsigned long long killed(const char *dir, const char *file)
{
	static const char key[] = "\noom_kill ";
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, file);
	CLEANUP_FREE char *text = text_file_read(path, 16384, NULL);
	CLEANUP_FREE char *lines = str_fmt("\n%s", text ? text : "");
	const char *line = strstr(lines, key);

	return line ? strtoull(line + strlen(key), NULL, 10) : 0;
}

/* Fails where the kernel has killed a process of a container for want of memory: what is left of it
 * runs, and is not what was moved. Its cgroup is its own, made by the restore, and so is the
 * count. */
int verb_whole(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state;

	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		return 1;
	CLEANUP_FREE char *dir = cgroup_dir(&state, "memory");
	/* Version 1 has the first file, version 2 the other. */
	if (dir && (killed(dir, "memory.oom_control") || killed(dir, "memory.events")))
		return request_fail(req, "a process of it was killed for want of memory");
	return 0;
}
