/* SPDX-License-Identifier: MIT */
/*
 * page_map: where the pages of a process are, after passes of pre-copy: in the files of the dump,
 * or of the pass that has written them last. CRIU keeps that in a chain of images, of which each
 * refers to the one before (pagemap-PID.img, PE_PARENT).
 */
#ifndef CMIGRATE_AGENT_PAGE_MAP_H
#define CMIGRATE_AGENT_PAGE_MAP_H

#include <stdint.h>

#include "agent/request/request.h"

/* Passes, and the dump. */
#define PAGE_LAYERS 33

/* The directories of the images, open: the dump's first, then that of the last pass, and so on. */
struct page_layers {
	int dirs[PAGE_LAYERS];
	size_t n;
};

struct page_range {
	uint64_t start, end; /* addresses in the process */
	uint64_t offset;     /* in the file */
	unsigned layer;
	bool lazy; /* the pages can follow the process */
};

struct page_map {
	unsigned pid; /* in the container, as the images have it */
	struct page_range *v;
	size_t n;
	uint32_t pages_id[PAGE_LAYERS]; /* pages-ID.img */
	int fds[PAGE_LAYERS];		/* that file; -1: not opened yet */
	char *head; /* the first message of the dump's image, and the magic numbers */
	size_t head_len;
};

/* Opens the directories: IMAGES, or RUN/pages, and their passes from `parent` down. 0, or 1 with a
 * message; page_layers_close() in both cases. */
int page_layers_open(struct request *req, const char *images, unsigned long long parent,
		     struct page_layers *ret);
void page_layers_close(struct page_layers *layers);

/* The number of a name pagemap-PID.img; 0: it is none. */
unsigned page_map_pid(const char *name);
/* mm: the directory of mm-PID.img. 0, or 1 with a message; page_map_clear() in both cases. */
int page_map_read(struct request *req, const struct page_layers *layers, int mm, unsigned pid,
		  struct page_map *ret);
void page_map_clear(struct page_map *map);
/* The range that has an address; NULL: none. */
const struct page_range *page_map_find(const struct page_map *map, uint64_t address);
/* The file of a range, which the map closes; -1 with errno. */
int page_map_file(struct page_map *map, const struct page_layers *layers,
		  const struct page_range *range);

#endif
