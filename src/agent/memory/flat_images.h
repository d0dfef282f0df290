/* SPDX-License-Identifier: MIT */
/*
 * flat_images: images after passes of pre-copy, as a lazy restore can use them.
 *
 * CRIU never takes a page that is in an earlier pass for one that can follow (ppb_xfer_flags() in
 * criu/page-xfer.c), and its lazy-pages doesn't notice when it has read one (read_parent_page() in
 * criu/pagemap.c). So RUN/flat has the images as post-copy would have left them: without passes,
 * with the pages that have to be there from the beginning, and with marks where the others are to
 * come. Those stay in the files that the passes and the dump have written, and page_source.h serves
 * them from there. Next to nothing is copied, however much memory there is.
 */
#ifndef CMIGRATE_AGENT_FLAT_IMAGES_H
#define CMIGRATE_AGENT_FLAT_IMAGES_H

#include "page_map.h"

struct flat_images {
	struct page_layers layers;
	struct page_map *maps; /* one for each process */
	size_t n;
};

/*
 * Makes them; the request has the fields of "fetch op=start". count: how many images the source has
 * written to the shared directory, 0 if that is not known. The images themselves don't change. 0,
 * or 1 with a message; flat_images_clear() in both cases.
 */
int flat_images_make(struct request *req, unsigned long long count, struct flat_images *ret);
void flat_images_clear(struct flat_images *flat);
/* A process, by its pid in the images; NULL: there is none. */
struct page_map *flat_images_map(const struct flat_images *flat, uint64_t pid);

#endif
