/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cmigrate/history/timeline.h"
#include "html_part.h"
#include "markup.h"

#define LEFT 64
#define RIGHT (REPORT_WIDTH - 8)
#define TOP 12
#define BOTTOM 200
#define HEIGHT 244
#define BAR_MAX 34.0
#define SLOT_MAX 100.0
/* So many fit beside each other, each below its bar. */
#define LABELS_MAX 8

struct chart {
	const struct record *const *rows;
	size_t n;
	double top; /* ms at the upper edge */
	double slot;
};

/* What the bar of a move is as high as. */
static double height_of(const struct record *r)
{
	double outage = r->summary.outage_ms, frozen = r->summary.freeze_ms;

	return outage > frozen ? outage : frozen;
}

static double y_of(const struct chart *c, double ms)
{
	return BOTTOM - (BOTTOM - TOP) * ms / c->top;
}

static void add_grid(const struct chart *c, struct buf *out)
{
	double step = report_tick(c->top, 5);

	for (int i = 0; i * step <= c->top * 1.0001; i++) {
		char text[32];
		double y = y_of(c, i * step);
		timeline_ms(text, i * step);
		buf_printf(out,
			   "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			   "<text class=\"m e\" x=\"%d\" y=\"%.1f\">%s</text>",
			   i ? "g" : "a", LEFT, RIGHT, y, y, LEFT - 8, y + 4, i ? text : "0");
	}
}

static void add_rect(struct buf *out, const char *class, double x, double width, double y0,
		     double y1)
{
	if (y1 - y0 < 0.05)
		return;
	buf_printf(out, "<rect class=\"%s\" x=\"%.2f\" width=\"%.2f\" y=\"%.1f\" height=\"%.1f\"/>",
		   class, x, width, y0, y1 - y0);
}

/* Below the axis, so that it is seen however high the bar is. */
static void add_mark(const struct record *r, double x, double size, struct buf *out)
{
	double y = BOTTOM + 9;

	if (r->outcome != OUTCOME_MOVED)
		buf_printf(out, "<path class=\"%s\" d=\"M%.1f %.1fl%.1f %.1fm0 %.1fl%.1f %.1f\"/>",
			   outcome_name(r->outcome), x - size, y - size, 2 * size, 2 * size,
			   -2 * size, -2 * size, 2 * size);
}

static void add_bar(const struct chart *c, size_t i, struct buf *out)
{
	const struct record *r = c->rows[i];
	const struct summary *s = &r->summary;
	double middle = LEFT + 4 + c->slot * ((double)i + 0.5);
	double width = report_min(c->slot * 0.72, BAR_MAX), x = middle - width / 2;
	double frozen = s->freeze_ms > 0 ? s->freeze_ms : 0, all = height_of(r);

	buf_puts(out, "<g><title>");
	markup_text(out, s->container);
	buf_printf(out, ", %s: ", r->started);
	markup_text(out, s->source);
	buf_puts(out, " to ");
	markup_text(out, s->destination);
	buf_printf(out, ", %s, outage ", outcome_name(r->outcome));
	report_ms(out, s->outage_ms);
	buf_puts(out, ", frozen ");
	report_ms(out, s->freeze_ms);
	buf_puts(out, "</title>");
	add_rect(out, "r", x, width, y_of(c, all > 0 ? all : 0), y_of(c, frozen));
	add_rect(out, "f", x, width, y_of(c, frozen), BOTTOM);
	add_mark(r, middle, report_min(3.5, c->slot / 2), out);
	buf_puts(out, "</g>");
}

/* Month, day, hour and minute of so many moves as there is room for. */
static void add_labels(const struct chart *c, struct buf *out)
{
	size_t every = (c->n + LABELS_MAX - 1) / LABELS_MAX;

	for (size_t i = 0; i < c->n; i += every) {
		double x = LEFT + 4 + c->slot * ((double)i + 0.5);
		buf_printf(out, "<text class=\"m c\" x=\"%.1f\" y=\"%d\">%.5s %.5s</text>", x,
			   HEIGHT - 10, c->rows[i]->started + 5, c->rows[i]->started + 11);
	}
}

void report_chart(const struct record *const *rows, size_t n, struct buf *out)
{
	struct chart c = {rows, n, 0, report_min((RIGHT - LEFT - 8) / (double)n, SLOT_MAX)};

	for (size_t i = 0; i < n; i++)
		c.top = report_max(c.top, height_of(rows[i]));
	c.top = c.top > 0 ? c.top * 1.06 : 100;
	buf_printf(out,
		   "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"chart-title\">"
		   "<title id=\"chart-title\">Outage of %zu move%s over time, one bar each</title>",
		   REPORT_WIDTH, HEIGHT, n, n == 1 ? "" : "s");
	add_grid(&c, out);
	for (size_t i = 0; i < n; i++)
		add_bar(&c, i, out);
	add_labels(&c, out);
	buf_puts(out, "</svg>\n");
}
