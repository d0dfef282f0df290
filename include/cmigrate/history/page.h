/* SPDX-License-Identifier: MIT */
/*
 * page: past moves as one self-contained page of HTML, which needs no network. The script of
 * src/history/page.html draws the records, which are put into it as JSON.
 */
#ifndef CMIGRATE_PAGE_H
#define CMIGRATE_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/str.h"
#include "cmigrate/history/record.h"

/* Adds the page. rows: oldest first; now: time of writing, in seconds since 1970. */
void page_html(const struct record *const *rows, size_t n, int64_t now, struct buf *out);

#endif
