/* SPDX-License-Identifier: MIT */
#include "flat_images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "image_files.h"
#include "page_entries.h"

/* The directories. */
struct places {
	char *images_path, *memory_path, *flat_path;
	int images, memory, flat;
};

static bool is_memory(const char *name)
{
	return str_starts(name, "pages-") || str_starts(name, "pagemap-");
}

static int copy_others(struct request *req, const struct places *p, const struct argv *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (!is_memory(names->v[i]) &&
		    image_files_copy(req, p->images, p->flat, names->v[i]) != 0)
			return 1;
	return image_files_copy(req, p->images, p->flat, IMAGE_DESCRIPTORS);
}

/* CRIU restores shared memory at once. It is in no pass. */
static int copy_shared(struct request *req, const struct places *p, const char *name)
{
	struct page_entries entries;
	int status = page_entries_read(req, p->memory, name, &entries);

	for (size_t i = 0; status == 0 && i < entries.n; i++)
		if (entries.v[i].flags & PAGE_IN_PARENT)
			status = request_fail(req, "'%s' refers to a pass", name);
	CLEANUP_FREE char *pages = str_fmt("pages-%u.img", entries.pages_id);
	if (status == 0)
		status = image_files_copy(req, p->memory, p->flat, name);
	if (status == 0)
		status = image_files_copy(req, p->memory, p->flat, pages);
	page_entries_clear(&entries);
	return status;
}

static int write_file(struct request *req, int dir, const char *name, const struct buf *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done = 0;
	ssize_t n = 0;

	while (fd >= 0 && done < text->len && (n = write(fd, text->s + done, text->len - done)) > 0)
		done += (size_t)n;
	int status = fd < 0 || n < 0 ? request_errno(req, "'%s'", name) : 0;
	if (fd >= 0)
		(void)close(fd);
	return status;
}

/* Neighbours become one. */
static int write_pagemap(struct request *req, int flat, const struct page_map *map)
{
	CLEANUP_FREE char *name = str_fmt("pagemap-%u.img", map->pid);
	CLEANUP_BUF struct buf image = {0};

	buf_add(&image, map->head, map->head_len);
	for (size_t i = 0; i < map->n;) {
		const struct page_range *first = &map->v[i];
		uint64_t end = first->end;
		for (i++; i < map->n && map->v[i].start == end && map->v[i].lazy == first->lazy;
		     i++)
			end = map->v[i].end;
		page_entries_put(&image, first->start, end, first->lazy ? PAGE_LAZY : PAGE_PRESENT);
	}
	return write_file(req, flat, name, &image);
}

static bool copy_range(int to, int from, const struct page_range *range)
{
	off_t at = (off_t)range->offset;
	uint64_t left = range->end - range->start;

	while (left) {
		ssize_t n = sendfile(to, from, &at, left);
		if (n == 0)
			errno = ENODATA;
		if (n <= 0)
			return false;
		left -= (uint64_t)n;
	}
	return true;
}

/* Writes the pages that have to be there from the beginning. */
static int write_pages(struct request *req, int flat, const struct page_layers *layers,
		       struct page_map *map)
{
	CLEANUP_FREE char *name = str_fmt("pages-%u.img", map->pages_id[0]);
	int to = openat(flat, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = to >= 0;

	for (size_t i = 0; good && i < map->n; i++) {
		const struct page_range *range = &map->v[i];
		if (range->lazy)
			continue;
		int from = page_map_file(map, layers, range);
		good = from >= 0 && copy_range(to, from, range);
	}
	int status = good ? 0 : request_errno(req, "'%s'", name);
	if (to >= 0)
		(void)close(to);
	return status;
}

static int flatten(struct request *req, const struct places *p, unsigned pid,
		   struct flat_images *ret)
{
	ret->maps = mem_grow(ret->maps, ret->n + 1, sizeof(*ret->maps));
	struct page_map *map = &ret->maps[ret->n++];

	return page_map_read(req, &ret->layers, p->flat, pid, map) != 0 ||
	       write_pagemap(req, p->flat, map) != 0 ||
	       write_pages(req, p->flat, &ret->layers, map) != 0;
}

static int flatten_all(struct request *req, const struct places *p, const struct argv *names,
		       struct flat_images *ret)
{
	int status =
		page_layers_open(req, p->memory_path, request_number(req, "parent"), &ret->layers);

	for (size_t i = 0; status == 0 && i < names->n; i++) {
		unsigned pid = page_map_pid(names->v[i]);
		if (pid)
			status = flatten(req, p, pid, ret);
		else if (str_starts(names->v[i], "pagemap-"))
			status = copy_shared(req, p, names->v[i]);
	}
	return status;
}

static int open_all(struct request *req, struct places *p)
{
	if (mkdir(p->flat_path, 0700) < 0 && errno != EEXIST)
		return request_errno(req, "'%s'", p->flat_path);
	p->images = image_files_open(req, p->images_path);
	p->memory = p->images < 0 ? -1 : image_files_open(req, p->memory_path);
	p->flat = p->memory < 0 ? -1 : image_files_open(req, p->flat_path);
	return p->flat < 0;
}

static void close_all(struct places *p)
{
	const int fds[] = {p->images, p->memory, p->flat};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	free(p->images_path);
	free(p->memory_path);
	free(p->flat_path);
}

int flat_images_make(struct request *req, unsigned long long count, struct flat_images *ret)
{
	const bool direct = request_is(req, "transport", "direct");
	CLEANUP_ARGV struct argv images = {0}, memory = {0};
	struct places p = {.images_path = path_images(req),
			   .memory_path = direct ? path_in_run(req, "pages") : path_images(req),
			   .flat_path = path_in_run(req, "flat"),
			   .images = -1,
			   .memory = -1,
			   .flat = -1};

	*ret = (struct flat_images){0};
	int status = open_all(req, &p);
	if (status == 0)
		status = image_files_list(req, p.images_path, p.images, count, &images);
	if (status == 0 && direct)
		status = image_files_list(req, p.memory_path, p.memory, 0, &memory);
	if (status == 0)
		status = copy_others(req, &p, &images);
	if (status == 0)
		status = flatten_all(req, &p, direct ? &memory : &images, ret);
	close_all(&p);
	return status;
}

void flat_images_clear(struct flat_images *flat)
{
	for (size_t i = 0; i < flat->n; i++)
		page_map_clear(&flat->maps[i]);
	free(flat->maps);
	page_layers_close(&flat->layers);
	*flat = (struct flat_images){0};
}

struct page_map *flat_images_map(const struct flat_images *flat, uint64_t pid)
{
	for (size_t i = 0; i < flat->n; i++)
		if (flat->maps[i].pid == pid)
			return &flat->maps[i];
	return NULL;
}
