/* SPDX-License-Identifier: MIT */
/* Memory in huge pages, which the destination must have free. */
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "walk.h"

#define MAX 4096

/* Whether it is the first time that this file is seen. */
static bool is_new(struct walk *walk, const struct stat *st)
{
	struct huge_pages *huge = &walk->huge;

	for (size_t i = 0; i < huge->n_seen; i++)
		if (huge->seen[i] == st->st_ino)
			return false;
	if (huge->n_seen >= MAX)
		return false;
	huge->seen = mem_grow(huge->seen, huge->n_seen + 1, sizeof(*huge->seen));
	huge->seen[huge->n_seen++] = st->st_ino;
	return true;
}

static void add(struct walk *walk, pid_t pid, unsigned long long page, unsigned long long bytes,
		bool is_file)
{
	struct huge_pages *huge = &walk->huge;
	unsigned long long pages = (bytes + page - 1) / page;

	for (size_t i = 0; i < HUGE_SIZES; i++) {
		struct huge_size *size = &huge->sizes[i];
		if (!size->page)
			*size = (struct huge_size){.page = page, .pid = pid};
		if (size->page != page)
			continue;
		size->pages += pages;
		if (is_file && size->largest < pages)
			size->largest = pages;
		return;
	}
}

void huge_file(struct walk *walk, pid_t pid, const char *link, unsigned long long private)
{
	struct statfs fs;
	struct stat st;

	if (statfs(link, &fs) < 0 || (unsigned long)fs.f_type != HUGETLBFS_MAGIC ||
	    stat(link, &st) < 0 || fs.f_bsize <= 0)
		return;
	/* A private mapping reserves all of its pages, whatever the file has. */
	if (private)
		add(walk, pid, (unsigned long long)fs.f_bsize, private, false);
	else if (is_new(walk, &st))
		add(walk, pid, (unsigned long long)fs.f_bsize, (unsigned long long)st.st_size,
		    true);
}

void huge_pages(struct walk *walk)
{
	for (size_t i = 0; i < HUGE_SIZES && walk->huge.sizes[i].page; i++) {
		const struct huge_size *size = &walk->huge.sizes[i];
		CLEANUP_BUF struct buf text = {0};
		walk_name(size->pid, &text);
		walk_tell(walk, "huge", "%llu %llu %llu, %s", size->page / 1024, size->pages,
			  size->largest, buf_str(&text));
	}
}

void huge_pages_clear(struct walk *walk)
{
	free(walk->huge.seen);
}
