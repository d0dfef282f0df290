/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Precision of the times in a record. */
#define ROUNDING_MS 0.1
#define WIDTH_MIN 40
#define NAME_MIN 6
#define NAME_MAX_COLUMNS 16
#define MS_COLUMNS 12
/* Two blanks in front of the name, one on each side of the bar. */
#define BLANKS 4

/* A bar: a step, or "outage" and "frozen" for a time of several steps. */
struct row {
	const char *name; /* borrowed from the summary */
	double start, ms; /* since the start of the operation */
	bool frozen;
};

/* A block of rows on one scale. */
struct ruler {
	const char *title;
	double from, to;
	int name_columns, cells;
	bool utf8;
};

void timeline_ms(char text[32], double ms)
{
	if (ms < 9.95)
		(void)snprintf(text, 32, "%.1f ms", ms);
	else if (ms < 999.5)
		(void)snprintf(text, 32, "%.0f ms", ms);
	else if (ms < 9950)
		(void)snprintf(text, 32, "%.1f s", ms / 1000);
	else if (ms < 119500)
		(void)snprintf(text, 32, "%.0f s", ms / 1000);
	else if (ms < 3599500)
		(void)snprintf(text, 32, "%d min %02d s", (int)(ms + 500) / 60000,
			       (int)(ms + 500) / 1000 % 60);
	else if (ms < 1e12)
		(void)snprintf(text, 32, "%.1f h", ms / 3600000);
	else
		(void)snprintf(text, 32, "?");
}

/* ---- the outcome in one line ---- */

static void add_ms(struct buf *out, const char **separator, const char *what, double ms)
{
	char text[32];

	if (ms < 0)
		return;
	timeline_ms(text, ms);
	buf_printf(out, "%s%s%s", *separator, what, text);
	*separator = ", ";
}

static void add_figures(const struct summary *s, struct buf *out)
{
	const char *separator = ": ";

	add_ms(out, &separator, "outage ", s->outage_ms);
	add_ms(out, &separator, "frozen ", s->freeze_ms);
	if (s->memory_bytes) {
		unsigned long long mib = (s->memory_bytes + 524288) / 1048576;
		buf_printf(out, "%s%llu MiB", separator, mib ? mib : 1);
		separator = " in ";
	}
	add_ms(out, &separator, strcmp(separator, " in ") == 0 ? "" : "in ", s->total_ms);
	if (s->strategy)
		buf_printf(out, " (%s)", s->strategy);
}

static const char *or_unknown(const char *text)
{
	return text ? text : "?";
}

static void add_cause(const struct summary *s, struct buf *out)
{
	if (s->error && *s->error)
		buf_printf(out, ": %s", s->error);
}

void timeline_headline(const struct summary *s, struct buf *out)
{
	const char *outcome = or_unknown(s->outcome), *name = or_unknown(s->container);
	const char *source = or_unknown(s->source), *destination = or_unknown(s->destination);

	if (strcmp(outcome, "moved") == 0) {
		buf_printf(out, "moved '%s' from %s to %s", name, source, destination);
		add_figures(s, out);
		return;
	}
	if (strcmp(outcome, "undone") == 0)
		buf_printf(out, "undone: '%s' runs on %s again", name, source);
	else if (strcmp(outcome, "silent") == 0)
		buf_printf(out, "silent: '%s' runs on %s, and its endpoint did not answer", name,
			   destination);
	else if (strcmp(outcome, "in-doubt") == 0)
		buf_printf(out, "in doubt: '%s' runs on %s or %s, 'cmigrate recover %s' settles it",
			   name, source, destination, name);
	else if (strcmp(outcome, "refused") == 0)
		buf_printf(out, s->source ? "refused: '%s' stays on %s" : "refused: '%s'", name,
			   source);
	else
		buf_printf(out, "%s: '%s' from %s to %s", outcome, name, source, destination);
	add_cause(s, out);
}

/* ---- the bars ---- */

static void add_glyphs(struct buf *out, const char *glyph, int n)
{
	for (int i = 0; i < n; i++)
		buf_puts(out, glyph);
}

static int cell_of(const struct ruler *r, double at)
{
	double share = r->to > r->from ? (at - r->from) / (r->to - r->from) : 0;

	if (share < 0)
		return 0;
	return share > 1 ? r->cells : (int)(share * r->cells + 0.5);
}

static void draw_title(const struct ruler *r, struct buf *out)
{
	char end[32];

	timeline_ms(end, r->to - r->from);
	buf_printf(out, "  %-*s 0%*s\n", r->name_columns, r->title, r->cells - 1, end);
}

/* Even the shortest step gets a cell, because it matters that it took place. */
static void draw_row(const struct ruler *r, const struct row *row, struct buf *out)
{
	const char *running = r->utf8 ? TIMELINE_RUNNING : TIMELINE_RUNNING_ASCII;
	const char *frozen = r->utf8 ? TIMELINE_FROZEN : TIMELINE_FROZEN_ASCII;
	int start = cell_of(r, row->start), end = cell_of(r, row->start + row->ms);
	char ms[32];

	if (start >= r->cells)
		start = r->cells - 1;
	if (end <= start)
		end = start + 1;
	timeline_ms(ms, row->ms);
	buf_printf(out, "  %-*.*s %*s", r->name_columns, r->name_columns, row->name, start, "");
	add_glyphs(out, row->frozen ? frozen : running, end - start);
	buf_printf(out, "%*s %*s\n", r->cells - end, "", MS_COLUMNS - 1, ms);
}

static void draw_rows(const struct ruler *r, const struct row *rows, size_t n, struct buf *out)
{
	if (!n)
		return;
	draw_title(r, out);
	for (size_t i = 0; i < n; i++)
		draw_row(r, &rows[i], out);
}

/* ---- which step goes where ---- */

struct window {
	double start, end; /* of the outage; both negative if nothing was ever frozen */
};

static double end_of(const struct summary_step *step)
{
	return step->start_ms + step->ms;
}

static double end_of_all(const struct summary *s, bool frozen_only)
{
	double end = 0;

	for (size_t i = 0; i < s->n_steps; i++)
		if ((!frozen_only || s->steps[i].frozen) && end_of(&s->steps[i]) > end)
			end = end_of(&s->steps[i]);
	return end;
}

/*
 * If neither outage nor freeze is known because the move failed, the frozen steps give the length.
 */
static struct window outage_window(const struct summary *s)
{
	double length = s->outage_ms > s->freeze_ms ? s->outage_ms : s->freeze_ms;

	if (s->freeze_start_ms < 0)
		return (struct window){-1, -1};
	if (length <= 0)
		length = end_of_all(s, true) - s->freeze_start_ms;
	if (length <= 0)
		return (struct window){-1, -1};
	return (struct window){s->freeze_start_ms, s->freeze_start_ms + length};
}

static bool is_inside(const struct window *w, const struct summary_step *step)
{
	if (w->start < 0)
		return false;
	/*
	 * Times are rounded to tenths, so steps that only touch may seem to overlap, or the
	 * reverse.
	 */
	return step->frozen ||
	       (step->start_ms < w->end + ROUNDING_MS && end_of(step) > w->start + ROUNDING_MS);
}

/* Stable: steps that began at the same moment keep their order. */
static void sort_rows(struct row *rows, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct row row = rows[i];
		size_t at = i;
		for (; at > 0 && rows[at - 1].start > row.start; at--)
			rows[at] = rows[at - 1];
		rows[at] = row;
	}
}

static size_t collect(const struct summary *s, const struct window *w, bool inside,
		      struct row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct summary_step *step = &s->steps[i];
		if (is_inside(w, step) == inside)
			rows[n++] =
				(struct row){step->name, step->start_ms, step->ms, step->frozen};
	}
	return n;
}

/*
 * The rows of the whole operation, from 0 to *ret_to ms, with the outage as one of them. rows has
 * room for n_steps + 1.
 */
static size_t rows_of_whole(const struct summary *s, struct row *rows, double *ret_to)
{
	struct window w = outage_window(s);
	size_t n = collect(s, &w, false, rows);
	double end = end_of_all(s, false);

	if (n && w.start >= 0)
		rows[n++] = (struct row){"outage", w.start, w.end - w.start, true};
	sort_rows(rows, n);
	*ret_to = s->total_ms > end ? s->total_ms : end;
	return n;
}

/* The rows of the outage. None, with the outputs untouched, if nothing was frozen. */
static size_t rows_of_outage(const struct summary *s, struct row *rows, double *ret_from,
			     double *ret_to)
{
	struct window w = outage_window(s);

	if (!s->n_steps || w.start < 0)
		return 0;
	rows[0] = (struct row){"frozen", w.start, s->freeze_ms > 0 ? s->freeze_ms : w.end - w.start,
			       true};
	size_t n = 1 + collect(s, &w, true, rows + 1);
	sort_rows(rows + 1, n - 1);
	*ret_from = w.start;
	*ret_to = w.end;
	return n;
}

static struct ruler ruler_for(const struct summary *s, unsigned width, bool utf8)
{
	struct ruler r = {.name_columns = NAME_MIN, .utf8 = utf8};

	for (size_t i = 0; i < s->n_steps; i++) {
		int len = (int)strnlen(s->steps[i].name, NAME_MAX_COLUMNS);
		r.name_columns = len > r.name_columns ? len : r.name_columns;
	}
	r.cells = (int)(width < WIDTH_MIN ? WIDTH_MIN : width) - r.name_columns - MS_COLUMNS -
		  BLANKS + 1;
	return r;
}

static void draw_whole(const struct summary *s, struct ruler r, bool outage, struct row *rows,
		       struct buf *out)
{
	size_t n = rows_of_whole(s, rows, &r.to);

	r.title = "steps";
	draw_rows(&r, rows, n, out);
	if (n && outage)
		buf_puts(out, "\n");
}

void timeline_draw(const struct summary *s, unsigned width, bool utf8, struct buf *out)
{
	struct ruler r = ruler_for(s, width, utf8), whole = r;
	struct row *rows = mem_new(s->n_steps + 1, sizeof(*rows));
	struct row *inside = mem_new(s->n_steps + 1, sizeof(*rows));

	r.title = "outage";
	size_t n = rows_of_outage(s, inside, &r.from, &r.to);
	draw_whole(s, whole, n > 0, rows, out);
	draw_rows(&r, inside, n, out);
	if (n)
		buf_printf(out, "  %-*s %s frozen  %s running\n", r.name_columns, "",
			   utf8 ? TIMELINE_FROZEN : TIMELINE_FROZEN_ASCII,
			   utf8 ? TIMELINE_RUNNING : TIMELINE_RUNNING_ASCII);
	free(rows);
	free(inside);
}
