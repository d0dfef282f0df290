/* SPDX-License-Identifier: MIT */
#include "bars.h"

#include <stdio.h>
#include <string.h>

#define NAME_COLUMNS 20
/* Blanks, "before", and the value in front of a bar. */
#define TEXT_COLUMNS 20
#define BAR_MIN 10

struct scale {
	double most, limit;
	int name_columns, cells;
	bool percent, utf8;
};

static double most_of(const struct bar *rows, size_t n, double limit)
{
	double most = limit;

	for (size_t i = 0; i < n; i++) {
		most = rows[i].before > most ? rows[i].before : most;
		most = rows[i].after > most ? rows[i].after : most;
	}
	return most > 0 ? most : 1;
}

static int longest_name(const struct bar *rows, size_t n)
{
	size_t longest = 0;

	for (size_t i = 0; i < n; i++)
		if (strlen(rows[i].name) > longest)
			longest = strlen(rows[i].name);
	return longest < NAME_COLUMNS ? (int)longest : NAME_COLUMNS;
}

static void add_value(const struct scale *s, double value, struct buf *out)
{
	if (s->percent)
		buf_printf(out, "%5.*f%%", value < 0.0995 ? 1 : 0, value * 100);
	else
		buf_printf(out, "%6g", (double)(long long)(value * 10 + 0.5) / 10);
}

/* What is there at all takes one cell at least. */
static int cells_of(const struct scale *s, double value)
{
	int cells = (int)(value / s->most * s->cells + 0.5);

	return cells || value <= 0 ? cells : 1;
}

static void add_line(const struct scale *s, const char *name, const char *when, double value,
		     struct buf *out)
{
	int cells = cells_of(s, value), within = cells_of(s, s->limit);

	buf_printf(out, "  %-*.*s  %-6s", s->name_columns, NAME_COLUMNS, name, when);
	add_value(s, value, out);
	buf_puts(out, cells ? "  " : "");
	for (int i = 0; i < cells; i++)
		buf_puts(out, i < within ? (s->utf8 ? "\xe2\x96\x91" : "=")
					 : (s->utf8 ? "\xe2\x96\x88" : "#"));
	buf_puts(out, "\n");
}

void bars_draw(const struct bar *rows, size_t n, double limit, bool percent, unsigned width,
	       bool utf8, struct buf *out)
{
	struct scale s = {.most = most_of(rows, n, limit),
			  .limit = limit,
			  .name_columns = longest_name(rows, n),
			  .percent = percent,
			  .utf8 = utf8};

	s.cells = (int)width - s.name_columns - TEXT_COLUMNS;
	if (s.cells < BAR_MIN)
		s.cells = BAR_MIN;
	for (size_t i = 0; i < n; i++) {
		double change = rows[i].after - rows[i].before;
		if (change < 1e-9 && change > -1e-9) {
			add_line(&s, rows[i].name, "stays", rows[i].before, out);
			continue;
		}
		add_line(&s, rows[i].name, "before", rows[i].before, out);
		add_line(&s, "", "after", rows[i].after, out);
	}
}
