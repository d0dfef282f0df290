/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "agent/request/process.h"
#include "walk.h"

#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202
#endif

bool walk_is_queue(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == MQUEUE_MAGIC;
}

/* CRIU refuses empty ones too. A queue of the host's is not dumped. */
void queues(struct walk *walk)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/root/dev/mqueue", (int)walk->first);
	DIR *dir = NULL;

	if (walk->first > 0 && !process_in_our(walk->first, "ipc") && walk_is_queue(path))
		dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
		if (*e->d_name != '.')
			walk_tell(walk, "queue", "/%s", e->d_name);
	if (dir)
		(void)closedir(dir);
}
