/* SPDX-License-Identifier: MIT */
/*
 * report: past moves as one page of HTML that needs nothing else: no network, no script; styles and
 * pictures (SVG) are in it. A pure function.
 */
#ifndef CMIGRATE_REPORT_H
#define CMIGRATE_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/str.h"
#include "cmigrate/history/record.h"

/* Adds the page: a chart of outages, a table, a timeline of each move. rows: oldest first; now:
 * when it is written, seconds since 1970. */
void report_html(const struct record *const *rows, size_t n, int64_t now, struct buf *out);

#endif
