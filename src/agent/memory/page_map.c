/* SPDX-License-Identifier: MIT */
#include "page_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lazy_areas.h"
#include "page_entries.h"

int page_layers_open(struct request *req, const char *images, unsigned long long parent,
		     struct page_layers *ret)
{
	*ret = (struct page_layers){0};
	if (parent >= PAGE_LAYERS)
		return request_fail(req, "there are no %llu passes", parent);
	for (unsigned long long pass = parent + 1; pass > 0; pass--) {
		CLEANUP_FREE char *path = pass == parent + 1
						  ? str_dup(images)
						  : str_fmt("%s/pass-%llu", images, pass);
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return request_errno(req, "'%s'", path);
		ret->dirs[ret->n++] = fd;
	}
	return 0;
}

void page_layers_close(struct page_layers *layers)
{
	for (size_t i = 0; i < layers->n; i++)
		(void)close(layers->dirs[i]);
	layers->n = 0;
}

unsigned page_map_pid(const char *name)
{
	unsigned pid = 0;
	int len = 0;

	if (!str_starts(name, "pagemap-"))
		return 0;
	name += strlen("pagemap-");
	for (; *name >= '0' && *name <= '9' && len < 9; name++, len++)
		pid = pid * 10 + (unsigned)(*name - '0');
	return strcmp(name, ".img") == 0 ? pid : 0;
}

struct resolve {
	struct request *req;
	struct page_map *map;
	struct page_entries layers[PAGE_LAYERS];
	size_t n;
	int mm; /* directory of mm-PID.img */
	struct lazy_areas areas;
};

static void add(struct page_map *map, const struct page_range *r)
{
	struct page_range *last = map->n ? &map->v[map->n - 1] : NULL;

	if (last && last->end == r->start && last->layer == r->layer && last->lazy == r->lazy &&
	    last->offset + (last->end - last->start) == r->offset) {
		last->end = r->end;
		return;
	}
	/* It doubles. */
	if (!map->v || (map->n & (map->n - 1)) == 0)
		map->v = mem_grow(map->v, map->n ? 2 * map->n : 1, sizeof(*map->v));
	map->v[map->n++] = *r;
}

/* CRIU registers only areas that can be lazy as they were at the dump: a page in any other has to
 * be there from the beginning, whatever an earlier pass has said of it. */
static void add_split(struct resolve *r, struct page_range range)
{
	const uint64_t end = range.end;

	while (range.start < end) {
		struct page_range part = range;
		bool lazy = lazy_areas_at(&r->areas, range.start, &part.end);
		if (part.end > end)
			part.end = end;
		part.lazy = range.lazy && lazy;
		add(r->map, &part);
		range.offset += part.end - part.start;
		range.start = part.end;
	}
}

/* The pages from one address to another, as a layer has them. */
static int resolve(struct resolve *r, size_t layer, uint64_t at, uint64_t end)
{
	while (at < end) {
		const struct page_entry *e =
			layer < r->n ? page_entries_find(&r->layers[layer], at) : NULL;
		if (!e)
			return request_fail(r->req, "a page of process %u is in no pass",
					    r->map->pid);
		uint64_t to = e->end < end ? e->end : end;
		if (e->flags & PAGE_IN_PARENT) {
			if (resolve(r, layer + 1, at, to) != 0)
				return 1;
		} else if (e->flags & PAGE_PRESENT) {
			add_split(r, (struct page_range){.start = at,
							 .end = to,
							 .offset = e->offset + (at - e->start),
							 .layer = (unsigned)layer,
							 .lazy = (e->flags & PAGE_LAZY) != 0});
		} else {
			return request_fail(r->req, "a page of process %u is in no image",
					    r->map->pid);
		}
		at = to;
	}
	return 0;
}

/* A process that is younger than a pass has no image there. */
static int read_layers(struct resolve *r, const struct page_layers *layers)
{
	CLEANUP_FREE char *name = str_fmt("pagemap-%u.img", r->map->pid);

	for (; r->n < layers->n; r->n++) {
		struct page_entries *entries = &r->layers[r->n];
		if (r->n > 0 && faccessat(layers->dirs[r->n], name, F_OK, 0) < 0 && errno == ENOENT)
			return 0;
		if (page_entries_read(r->req, layers->dirs[r->n], name, entries) != 0)
			return 1;
		r->map->pages_id[r->n] = entries->pages_id;
	}
	return 0;
}

static int read_all(struct resolve *r, const struct page_layers *layers)
{
	CLEANUP_FREE char *mm = str_fmt("mm-%u.img", r->map->pid);
	struct page_entries *top = &r->layers[0];

	if (read_layers(r, layers) != 0)
		return 1;
	/* A process that has ended, or shares another's memory, has an empty one. */
	if (top->n && lazy_areas_read(r->req, r->mm, mm, &r->areas) != 0)
		return 1;
	for (size_t i = 0; i < top->n; i++)
		if (resolve(r, 0, top->v[i].start, top->v[i].end) != 0)
			return 1;
	r->map->head = top->head;
	r->map->head_len = top->head_len;
	top->head = NULL;
	return 0;
}

int page_map_read(struct request *req, const struct page_layers *layers, int mm, unsigned pid,
		  struct page_map *ret)
{
	struct resolve r = {.req = req, .map = ret, .mm = mm};

	*ret = (struct page_map){.pid = pid};
	for (size_t i = 0; i < PAGE_LAYERS; i++)
		ret->fds[i] = -1;
	int status = read_all(&r, layers);
	for (size_t i = 0; i < PAGE_LAYERS; i++)
		page_entries_clear(&r.layers[i]);
	lazy_areas_clear(&r.areas);
	return status;
}

void page_map_clear(struct page_map *map)
{
	for (size_t i = 0; i < PAGE_LAYERS; i++)
		if (map->fds[i] >= 0)
			(void)close(map->fds[i]);
	free(map->v);
	free(map->head);
	*map = (struct page_map){0};
}

const struct page_range *page_map_find(const struct page_map *map, uint64_t address)
{
	size_t from = 0, to = map->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (map->v[middle].end <= address)
			from = middle + 1;
		else
			to = middle;
	}
	return from < map->n && map->v[from].start <= address ? &map->v[from] : NULL;
}

int page_map_file(struct page_map *map, const struct page_layers *layers,
		  const struct page_range *range)
{
	int *fd = &map->fds[range->layer];

	if (*fd < 0) {
		CLEANUP_FREE char *name = str_fmt("pages-%u.img", map->pages_id[range->layer]);
		*fd = openat(layers->dirs[range->layer], name, O_RDONLY | O_CLOEXEC);
	}
	return *fd;
}
