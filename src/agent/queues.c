/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "process.h"
#include "walk.h"

#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202
#endif
#define LINE_MAX_SIZE 1024

bool walk_is_queue(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == MQUEUE_MAGIC;
}

/* "QSIZE:129 NOTIFY:0 SIGNO:0 NOTIFY_PID:0": bytes of the messages in it. */
static void look(struct walk *walk, const char *name)
{
	CLEANUP_FREE char *file = str_fmt("root/dev/mqueue/%s", name);
	CLEANUP_FREE char *text = process_file(walk->first, file, LINE_MAX_SIZE, NULL);
	unsigned long size = 0;

	if (text && sscanf(text, "QSIZE:%lu", &size) == 1 && size)
		walk_tell(walk, "queue", "/%s", name);
}

/* A queue of the host's is not dumped. */
void queues(struct walk *walk)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/root/dev/mqueue", (int)walk->first);
	DIR *dir = NULL;

	if (walk->first > 0 && !process_in_our(walk->first, "ipc") && walk_is_queue(path))
		dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
		if (*e->d_name != '.')
			look(walk, e->d_name);
	if (dir)
		(void)closedir(dir);
}
