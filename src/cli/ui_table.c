/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"
#include "cmigrate/cli/ui.h"

#define GAP 2

struct ui_table {
	size_t columns;
	struct argv cells; /* the header first, then row by row */
};

static void add_cells(struct ui_table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->columns; i++) {
		CLEANUP_FREE char *cell = str_dup(cells[i] ? cells[i] : "-");
		str_mask(cell);
		argv_add(&t->cells, cell);
	}
}

struct ui_table *ui_table_new(const char *const *headers)
{
	struct ui_table *t = mem_new(1, sizeof(*t));

	while (headers[t->columns])
		t->columns++;
	add_cells(t, headers);
	return t;
}

void ui_table_row(struct ui_table *t, const char *const *cells)
{
	add_cells(t, cells);
}

/* Columns on a screen: continuation bytes of UTF-8 take none. */
static size_t screen_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static size_t widest(const struct ui_table *t, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < t->cells.n; i += t->columns) {
		size_t w = screen_width(t->cells.v[i]);
		width = w > width ? w : width;
	}
	return width;
}

/* Lines end without blanks, for programs that cut columns out. */
static void add_line(const struct ui_table *t, const size_t *widths, size_t first, struct buf *out)
{
	size_t n = t->columns;

	while (n > 0 && !*t->cells.v[first + n - 1])
		n--;
	for (size_t c = 0; c < n; c++) {
		const char *cell = t->cells.v[first + c];
		size_t pad = widths[c] - screen_width(cell) + GAP;
		buf_printf(out, "%s%*s", cell, c + 1 < n ? (int)pad : 0, "");
	}
	buf_puts(out, "\n");
}

void ui_table_print(struct ui *ui, struct ui_table *t)
{
	CLEANUP_BUF struct buf out = {0};
	size_t *widths = mem_new(t->columns + 1, sizeof(*widths));

	for (size_t c = 0; c < t->columns; c++)
		widths[c] = widest(t, c);
	for (size_t i = 0; t->columns && i < t->cells.n; i += t->columns)
		add_line(t, widths, i, &out);
	ui_print(ui, "%s", buf_str(&out));
	free(widths);
	argv_clear(&t->cells);
	free(t);
}
