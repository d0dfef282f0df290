/* SPDX-License-Identifier: MIT */
#include "page_entries.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "criu_image.h"

/* Fields of pagemap_head and pagemap_entry (images/pagemap.proto of CRIU). */
enum { HEAD_PAGES_ID = 1 };
enum { ENTRY_ADDRESS = 1, ENTRY_OLD_PAGES, ENTRY_OLD_IN_PARENT, ENTRY_FLAGS, ENTRY_PAGES };
/* criu before 4.2 keeps lengths in an int. */
#define ENTRY_MAX (64ul << 20)

static uint64_t page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool read_head(struct criu_image *image, struct page_entries *ret)
{
	struct criu_message message;
	struct criu_field field;

	if (!criu_image_next(image, &message))
		return false;
	while (criu_message_next(&message, &field))
		if (field.number == HEAD_PAGES_ID)
			ret->pages_id = (uint32_t)field.value;
	ret->head = mem_new(1, image->at);
	memcpy(ret->head, image->text, image->at);
	ret->head_len = image->at;
	return message.at == message.end;
}

/* As CRIU reads what its older versions have written. */
static bool read_entry(struct criu_message message, uint64_t offset, struct page_entry *ret)
{
	uint64_t pages = 0, more = 0;
	bool in_parent = false, flagged = false;
	struct criu_field f;

	*ret = (struct page_entry){.offset = offset};
	while (criu_message_next(&message, &f)) {
		if (f.number == ENTRY_ADDRESS)
			ret->start = f.value;
		else if (f.number == ENTRY_OLD_PAGES)
			pages = f.value;
		else if (f.number == ENTRY_PAGES)
			more = f.value;
		else if (f.number == ENTRY_OLD_IN_PARENT)
			in_parent = f.value != 0;
		else if (f.number == ENTRY_FLAGS)
			ret->flags = (unsigned)f.value, flagged = true;
	}
	if (in_parent)
		ret->flags |= PAGE_IN_PARENT;
	else if (!flagged)
		ret->flags = PAGE_PRESENT;
	pages = more ? more : pages;
	if (message.at != message.end || pages > (UINT64_MAX - ret->start) / page_bytes())
		return false;
	ret->end = ret->start + pages * page_bytes();
	return true;
}

static bool read_entries(struct criu_image *image, struct page_entries *ret)
{
	struct criu_message message;
	uint64_t offset = 0, end = 0;

	while (criu_image_next(image, &message)) {
		struct page_entry e;
		if (!read_entry(message, offset, &e) || e.start < end)
			return false;
		end = e.end;
		if (e.flags & PAGE_PRESENT)
			offset += e.end - e.start;
		/* It doubles. */
		if ((ret->n & (ret->n - 1)) == 0)
			ret->v = mem_grow(ret->v, ret->n ? 2 * ret->n : 1, sizeof(*ret->v));
		ret->v[ret->n++] = e;
	}
	return criu_image_at_end(image);
}

int page_entries_read(struct request *req, int dir, const char *name, struct page_entries *ret)
{
	CLEANUP_CRIU_IMAGE struct criu_image image = {0};

	*ret = (struct page_entries){0};
	if (criu_image_read(req, dir, name, &image) != 0)
		return 1;
	if (!read_head(&image, ret) || !read_entries(&image, ret))
		return request_fail(req, "'%s' can't be read", name);
	return 0;
}

void page_entries_clear(struct page_entries *entries)
{
	free(entries->v);
	free(entries->head);
	*entries = (struct page_entries){0};
}

const struct page_entry *page_entries_find(const struct page_entries *entries, uint64_t address)
{
	size_t from = 0, to = entries->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (entries->v[middle].end <= address)
			from = middle + 1;
		else
			to = middle;
	}
	return from < entries->n && entries->v[from].start <= address ? &entries->v[from] : NULL;
}

void page_entries_put(struct buf *image, uint64_t start, uint64_t end, unsigned flags)
{
	while (start < end) {
		CLEANUP_BUF struct buf message = {0};
		uint64_t bytes = end - start < ENTRY_MAX ? end - start : ENTRY_MAX;

		criu_message_put(&message, ENTRY_ADDRESS, start);
		criu_message_put(&message, ENTRY_OLD_PAGES, bytes / page_bytes());
		criu_message_put(&message, ENTRY_FLAGS, flags);
		criu_image_add(image, &message);
		start += bytes;
	}
}
