/* SPDX-License-Identifier: MIT */
/* report_part: the parts of the page; only report*.c include this. */
#ifndef CMIGRATE_REPORT_PART_H
#define CMIGRATE_REPORT_PART_H

#include <stddef.h>

#include "cmigrate/base/str.h"
#include "cmigrate/history/record.h"

extern const char report_style[];

/* Of both pictures, in the units of their view box. */
#define REPORT_WIDTH 960

static inline double report_min(double a, double b)
{
	return a < b ? a : b;
}

static inline double report_max(double a, double b)
{
	return a > b ? a : b;
}

/* The distance of ticks so that at most `most` of them lie on a scale: 1, 2 or 5 times a power of
 * ten; ms. */
double report_tick(double length, int most);
/* Outages over time, one bar a move. */
void report_chart(const struct record *const *rows, size_t n, struct buf *out);
/* Everything about one move, its timeline to scale. */
void report_move(const struct record *record, struct buf *out);
/* "133 ms", "?" where not known. */
void report_ms(struct buf *out, double ms);
/* The outcome as a coloured word. */
void report_outcome(struct buf *out, const struct record *record);

#endif
