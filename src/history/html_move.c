/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/cli/ui.h"
#include "cmigrate/history/timeline.h"
#include "html_part.h"
#include "markup.h"

#define LEFT 132
#define RIGHT (REPORT_WIDTH - 84)
#define ROW 20
#define BAR 12
#define HEAD 24
/* Between the two rulers: room for the lines that enlarge one into the other. */
#define BETWEEN 26

/* A block of rows on one scale. */
struct ruler {
	const char *title;
	const struct timeline_row *rows;
	size_t n;
	double from, to; /* ms */
	double y;
};

static double x_of(const struct ruler *r, double ms)
{
	double share = r->to > r->from ? (ms - r->from) / (r->to - r->from) : 0;

	return LEFT + (RIGHT - LEFT) * report_min(report_max(share, 0), 1);
}

static double bottom_of(const struct ruler *r)
{
	return r->y + HEAD + (double)r->n * ROW;
}

static void add_ticks(const struct ruler *r, struct buf *out)
{
	double step = report_tick(r->to - r->from, 8);

	for (int i = 0; i * step <= (r->to - r->from) * 1.0001; i++) {
		double x = x_of(r, r->from + i * step);
		char text[32];
		timeline_ms(text, i * step);
		buf_printf(out,
			   "<line class=\"g\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			   "<text class=\"m c\" x=\"%.1f\" y=\"%.1f\">%s</text>",
			   x, x, r->y + HEAD - 6, bottom_of(r), x, r->y + 12, i ? text : "0");
	}
}

static void add_row(const struct ruler *r, size_t i, struct buf *out)
{
	const struct timeline_row *row = &r->rows[i];
	double x = x_of(r, row->start), end = x_of(r, row->start + row->ms);
	double y = r->y + HEAD + (double)i * ROW;

	/* However short a step was, it is seen. */
	if (end - x < 1.5) {
		x = report_min(x, RIGHT - 1.5);
		end = x + 1.5;
	}
	buf_printf(out, "<text class=\"e\" x=\"%d\" y=\"%.1f\">", LEFT - 12, y + 14);
	markup_text(out, row->name);
	buf_printf(out,
		   "</text><rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" y=\"%.1f\" height=\"%d\" "
		   "rx=\"1.5\"/><text class=\"m e\" x=\"%d\" y=\"%.1f\">",
		   row->frozen ? "f" : "r", x, end - x, y + 4, BAR, REPORT_WIDTH - 8, y + 14);
	report_ms(out, row->ms);
	buf_puts(out, "</text>");
}

static void add_ruler(const struct ruler *r, struct buf *out)
{
	buf_printf(out, "<text class=\"m e\" x=\"%d\" y=\"%.1f\">%s</text>", LEFT - 12, r->y + 12,
		   r->title);
	add_ticks(r, out);
	for (size_t i = 0; i < r->n; i++)
		add_row(r, i, out);
}

/* The outage's place on the ruler above, and two lines from there to its own. */
static void add_zoom(const struct ruler *whole, const struct ruler *part, struct buf *out)
{
	double from = x_of(whole, part->from), to = x_of(whole, part->to);
	double top = whole->y + HEAD - 6, bottom = bottom_of(whole);

	buf_printf(out,
		   "<path class=\"b\" d=\"M%.1f %.1fV%.1fL%d %.1fV%.1fH%dV%.1fL%.1f %.1fV%.1fz\"/>",
		   from, top, bottom, LEFT, part->y - 4, bottom_of(part), RIGHT, part->y - 4, to,
		   bottom, top);
	buf_printf(out, "<path class=\"o\" d=\"M%.1f %.1fL%d %.1fM%.1f %.1fL%d %.1f\"/>", from,
		   bottom, LEFT, part->y - 4, to, bottom, RIGHT, part->y - 4);
}

static void add_timeline(const struct record *record, struct buf *out)
{
	const struct summary *s = &record->summary;
	struct timeline_row *rows = mem_new(s->n_steps + 1, sizeof(*rows));
	struct timeline_row *inside = mem_new(s->n_steps + 1, sizeof(*rows));
	struct ruler whole = {.title = "whole move", .rows = rows, .y = 4};
	struct ruler part = {.title = "outage", .rows = inside};

	whole.n = timeline_whole(s, rows, &whole.to);
	part.n = timeline_outage(s, inside, &part.from, &part.to);
	part.y = whole.n ? bottom_of(&whole) + BETWEEN : 4;
	double height = (part.n ? bottom_of(&part) : bottom_of(&whole)) + 4;
	buf_printf(out,
		   "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Timeline\">"
		   "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-labelledby=\"t-%s\">"
		   "<title id=\"t-%s\">Timeline of ",
		   REPORT_WIDTH, height, record->id, record->id);
	markup_text(out, s->container);
	buf_puts(out, ", its steps to scale</title>");
	if (part.n && whole.n)
		add_zoom(&whole, &part, out);
	if (whole.n)
		add_ruler(&whole, out);
	if (part.n)
		add_ruler(&part, out);
	buf_puts(out, "</svg></div>\n");
	free(rows);
	free(inside);
}

static void add_fact(struct buf *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	buf_printf(out, "<div><dt>%s</dt><dd><bdi>", name);
	markup_text(out, value);
	buf_puts(out, "</bdi></dd></div>");
}

static void add_duration(struct buf *out, const char *name, double ms)
{
	char text[32];

	if (ms < 0)
		return;
	timeline_ms(text, ms);
	add_fact(out, name, text);
}

static void add_facts(const struct record *r, struct buf *out)
{
	const struct summary *s = &r->summary;
	char memory[16] = "";

	if (s->memory_bytes)
		ui_bytes(memory, s->memory_bytes);
	buf_puts(out, "<dl>");
	add_duration(out, "Outage", s->outage_ms);
	add_duration(out, "Frozen", s->freeze_ms);
	add_duration(out, "In all", s->total_ms);
	add_fact(out, "Memory", memory);
	add_fact(out, "Strategy", s->strategy);
	add_fact(out, "Packets meanwhile", s->packets);
	add_fact(out, "Held back by", r->hold);
	add_fact(out, "Answered", s->answered_by);
	add_fact(out, "Controller", r->controller);
	add_fact(out, "Settled by recover", r->settled);
	add_fact(out, "Settled on", r->settled_on);
	add_fact(out, "Logs", r->logs);
	add_fact(out, "Move", r->id);
	buf_puts(out, "</dl>\n");
}

void report_move(const struct record *r, struct buf *out)
{
	const struct summary *s = &r->summary;

	buf_printf(out, "<article class=\"card\" id=\"m-%s\"><div class=\"head\"><h3>", r->id);
	markup_text(out, s->container);
	buf_puts(out, ": ");
	markup_text(out, s->source);
	buf_puts(out, " \xe2\x86\x92 ");
	markup_text(out, s->destination);
	buf_puts(out, "</h3>");
	report_outcome(out, r);
	buf_printf(out, "<p class=\"sub\"><time datetime=\"%s\">%.10s %.8s UTC</time></p></div>\n",
		   r->started, r->started, r->started + 11);
	if (s->error && *s->error) {
		buf_puts(out, "<p class=\"why\"><bdi>");
		markup_text(out, s->error);
		buf_puts(out, "</bdi></p>\n");
	}
	add_facts(r, out);
	if (s->n_steps)
		add_timeline(r, out);
	buf_puts(out, "</article>\n");
}
