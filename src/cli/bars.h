/* SPDX-License-Identifier: MIT */
/* bars: the load of hosts before and after, drawn to one scale. A pure function. */
#ifndef CMIGRATE_BARS_H
#define CMIGRATE_BARS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/str.h"

struct bar {
	const char *name;
	double before, after; /* 0 or above */
};

/*
 * Adds two lines for each row, one where nothing changes, at most `width` columns wide; what is
 * above the limit is drawn in another shade. percent: values are shares, else numbers.
 */
void bars_draw(const struct bar *rows, size_t n, double limit, bool percent, unsigned width,
	       bool utf8, struct buf *out);

#endif
