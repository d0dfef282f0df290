/* SPDX-License-Identifier: MIT */
/* page_entries: what one image of CRIU says of the pages of a process (pagemap-PID.img), or of
 * shared memory (pagemap-shmem-ID.img). */
#ifndef CMIGRATE_AGENT_PAGE_ENTRIES_H
#define CMIGRATE_AGENT_PAGE_ENTRIES_H

#include <stdint.h>

#include "agent/request/request.h"

/* Flags of CRIU (PE_* in criu/include/pagemap.h). */
#define PAGE_IN_PARENT 1u
#define PAGE_LAZY 2u
#define PAGE_PRESENT 4u

struct page_entry {
	uint64_t start, end; /* addresses */
	uint64_t offset;     /* in the file of pages, if it is present */
	unsigned flags;
};

struct page_entries {
	struct page_entry *v; /* by address */
	size_t n;
	uint32_t pages_id; /* the file is pages-ID.img */
	char *head;	   /* the magic numbers and the first message */
	size_t head_len;
};

/* 0, or 1 with a message; page_entries_clear() in both cases. */
int page_entries_read(struct request *req, int dir, const char *name, struct page_entries *ret);
void page_entries_clear(struct page_entries *entries);
/* The entry that has an address; NULL: none. */
const struct page_entry *page_entries_find(const struct page_entries *entries, uint64_t address);

/* Adds an entry to the text of an image that begins with such a head. */
void page_entries_put(struct buf *image, uint64_t start, uint64_t end, unsigned flags);

#endif
