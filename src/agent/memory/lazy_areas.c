/* SPDX-License-Identifier: MIT */
#include "lazy_areas.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "criu_image.h"

/* Fields of mm_entry and vma_entry (images/mm.proto and vma.proto of CRIU). */
enum { MM_AREAS = 14 };
enum { AREA_START = 1, AREA_END = 2, AREA_FLAGS = 6, AREA_STATUS = 7 };
/* Areas of the kernel's own: VMA_AREA_VSYSCALL, VDSO and VVAR (criu/include/image.h). */
#define STATUS_KERNEL (1u << 2 | 1u << 3 | 1u << 12)

/* As vma_entry_can_be_lazy() in criu/include/vma.h. */
static bool can_be_lazy(unsigned flags, unsigned status)
{
	const unsigned needed = MAP_ANONYMOUS | MAP_PRIVATE;

	return (flags & needed) == needed && !(flags & (MAP_LOCKED | MAP_HUGETLB)) &&
	       !(status & STATUS_KERNEL);
}

static bool add(struct criu_message area, struct lazy_areas *ret)
{
	struct lazy_area a = {0};
	unsigned flags = 0, status = 0;
	struct criu_field f;

	while (criu_message_next(&area, &f)) {
		if (f.number == AREA_START)
			a.start = f.value;
		else if (f.number == AREA_END)
			a.end = f.value;
		else if (f.number == AREA_FLAGS)
			flags = (unsigned)f.value;
		else if (f.number == AREA_STATUS)
			status = (unsigned)f.value;
	}
	if (area.at != area.end || a.end < a.start)
		return false;
	/* Guards of later versions come last, in no order. */
	if (!can_be_lazy(flags, status))
		return true;
	if (ret->n && ret->v[ret->n - 1].end > a.start)
		return false;
	/* It doubles. */
	if ((ret->n & (ret->n - 1)) == 0)
		ret->v = mem_grow(ret->v, ret->n ? 2 * ret->n : 1, sizeof(*ret->v));
	ret->v[ret->n++] = a;
	return true;
}

int lazy_areas_read(struct request *req, int dir, const char *name, struct lazy_areas *ret)
{
	CLEANUP_CRIU_IMAGE struct criu_image image = {0};
	struct criu_message mm;
	struct criu_field field;
	bool good = true;

	*ret = (struct lazy_areas){0};
	if (criu_image_read(req, dir, name, &image) != 0)
		return 1;
	if (!criu_image_next(&image, &mm))
		return request_fail(req, "'%s' can't be read", name);
	while (good && criu_message_next(&mm, &field))
		if (field.number == MM_AREAS)
			good = add(field.inner, ret);
	return good && mm.at == mm.end ? 0 : request_fail(req, "'%s' can't be read", name);
}

void lazy_areas_clear(struct lazy_areas *areas)
{
	free(areas->v);
	*areas = (struct lazy_areas){0};
}

bool lazy_areas_at(const struct lazy_areas *areas, uint64_t address, uint64_t *ret_end)
{
	size_t from = 0, to = areas->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (areas->v[middle].end <= address)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == areas->n) {
		*ret_end = UINT64_MAX;
		return false;
	}
	bool inside = areas->v[from].start <= address;
	*ret_end = inside ? areas->v[from].end : areas->v[from].start;
	return inside;
}
