/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/request/process.h"
#include "walk.h"

/* A container with more named pipes is not looked at further. */
#define FIFOS_MAX 256

void fifo_note(struct walk *walk, const struct used_file *file, const struct stat *st)
{
	for (size_t i = 0; i < walk->n_fifos; i++)
		if (walk->fifos[i].inode == st->st_ino && walk->fifos[i].device == st->st_dev)
			return;
	if (walk->n_fifos == FIFOS_MAX)
		return;
	walk->fifos = mem_grow(walk->fifos, walk->n_fifos + 1, sizeof(*walk->fifos));
	walk->fifos[walk->n_fifos++] = (struct open_fifo){st->st_dev, st->st_ino, file->pid,
							  file->fd, str_dup(file->path)};
}

void fifos_clear(struct walk *walk)
{
	for (size_t i = 0; i < walk->n_fifos; i++)
		free(walk->fifos[i].path);
	free(walk->fifos);
}

/* Says each pipe once. */
static void compare(struct walk *walk, const struct process *p, const struct stat *st)
{
	for (size_t i = 0; i < walk->n_fifos; i++) {
		struct open_fifo *fifo = &walk->fifos[i];
		if (!fifo->path || fifo->inode != st->st_ino || fifo->device != st->st_dev)
			continue;
		walk_tell(walk, "fifo", "process %d, descriptor %d, %s, with process %d (%s)",
			  (int)fifo->pid, fifo->fd, fifo->path, (int)p->pid, p->comm);
		str_free_p(&fifo->path);
	}
}

static void look_at(struct walk *walk, const struct process *p)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/fd", (int)p->pid);
	DIR *dir = opendir(path);
	struct stat st;

	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
		if (*e->d_name != '.' && fstatat(dirfd(dir), e->d_name, &st, 0) == 0 &&
		    S_ISFIFO(st.st_mode))
			compare(walk, p, &st);
	if (dir)
		(void)closedir(dir);
}

/* All processes of the host are looked at only if the container has such a pipe. */
void fifos(struct walk *walk)
{
	size_t n = 0;
	struct process *all = walk->n_fifos ? process_all(&n) : NULL;

	for (size_t i = 0; i < n && !request_over(walk->req); i++)
		if (!walk_finds(walk, all[i].pid))
			look_at(walk, &all[i]);
	free(all);
}
