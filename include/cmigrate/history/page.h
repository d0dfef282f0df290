/* SPDX-License-Identifier: MIT */
/*
 * page: past moves as one page of HTML that needs nothing else, no network above all. The page is
 * src/history/page.html: its script draws the records that are put into it as JSON.
 */
#ifndef CMIGRATE_PAGE_H
#define CMIGRATE_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/str.h"
#include "cmigrate/history/record.h"

/* Adds the page. rows: oldest first; now: when it is written, seconds since 1970. */
void page_html(const struct record *const *rows, size_t n, int64_t now, struct buf *out);

#endif
