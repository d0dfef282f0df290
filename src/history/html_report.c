/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/html_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/cli/ui.h"
#include "cmigrate/history/timeline.h"
#include "html_part.h"
#include "markup.h"

/* What all moves have in common. */
struct overview {
	size_t moves, moved, in_doubt, containers, outages;
	double median_ms, longest_ms; /* of the outages that are known */
};

static int by_value(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

static bool seen_before(const struct record *const *rows, size_t i)
{
	for (size_t k = i; k-- > 0;)
		if (strcmp(rows[k]->summary.container, rows[i]->summary.container) == 0)
			return true;
	return false;
}

static struct overview look_over(const struct record *const *rows, size_t n)
{
	struct overview o = {.moves = n, .median_ms = -1, .longest_ms = -1};
	double *outages = mem_new(n + 1, sizeof(*outages));

	for (size_t i = 0; i < n; i++) {
		o.moved += rows[i]->outcome == OUTCOME_MOVED;
		o.in_doubt += rows[i]->outcome == OUTCOME_IN_DOUBT;
		o.containers += !seen_before(rows, i);
		if (rows[i]->summary.outage_ms >= 0)
			outages[o.outages++] = rows[i]->summary.outage_ms;
	}
	qsort(outages, o.outages, sizeof(*outages), by_value);
	if (o.outages) {
		o.median_ms = (outages[(o.outages - 1) / 2] + outages[o.outages / 2]) / 2;
		o.longest_ms = outages[o.outages - 1];
	}
	free(outages);
	return o;
}

static void add_head(const struct record *const *rows, const struct overview *o, struct buf *out)
{
	buf_puts(out,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		 "style-src 'unsafe-inline'; img-src data:\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n"
		 "<link rel=\"icon\" href=\"data:,\">\n<title>Container moves</title>\n<style>");
	buf_puts(out, report_style);
	buf_puts(out, "</style>\n</head>\n<body>\n<header>\n<h1>Container moves</h1>\n"
		      "<p class=\"sub\">");
	if (o->moves)
		buf_printf(out, "%zu container%s, %.10s", o->containers,
			   o->containers == 1 ? "" : "s", rows[0]->started);
	if (o->moves && strncmp(rows[0]->started, rows[o->moves - 1]->started, 10) != 0)
		buf_printf(out, " to %.10s", rows[o->moves - 1]->started);
	if (!o->moves)
		buf_puts(out, "No move is recorded yet");
	buf_puts(out, "</p>\n</header>\n<main>\n");
}

static void add_tile(struct buf *out, const char *what, const char *value)
{
	buf_printf(out, "<li><b>%s</b><span>%s</span></li>", value, what);
}

static void add_tiles(const struct overview *o, struct buf *out)
{
	char text[32];

	buf_puts(out, "<ul class=\"tiles\">");
	(void)snprintf(text, sizeof(text), "%zu", o->moves);
	add_tile(out, o->moves == 1 ? "move" : "moves", text);
	(void)snprintf(text, sizeof(text), "%zu of %zu", o->moved, o->moves);
	add_tile(out, "moved", text);
	if (o->outages) {
		timeline_ms(text, o->median_ms);
		add_tile(out, "median outage", text);
		timeline_ms(text, o->longest_ms);
		add_tile(out, "longest outage", text);
	}
	if (o->in_doubt) {
		(void)snprintf(text, sizeof(text), "%zu", o->in_doubt);
		add_tile(out, "in doubt", text);
	}
	buf_puts(out, "</ul>\n");
}

static void add_chart(const struct record *const *rows, size_t n, struct buf *out)
{
	buf_puts(out,
		 "<h2>Outage over time</h2>\n<figure class=\"card\"><figcaption>One bar a move, "
		 "the oldest first."
		 "<span class=\"key f\"></span>frozen<span class=\"key r\"></span>until the "
		 "endpoint answered; a cross below the axis: not moved"
		 "</figcaption><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		 "aria-label=\"Chart\">");
	report_chart(rows, n, out);
	buf_puts(out, "</div></figure>\n");
}

static void add_cell(struct buf *out, const char *text)
{
	buf_puts(out, "<td>");
	markup_text(out, text);
	buf_puts(out, "</td>");
}

static void add_duration(struct buf *out, double ms)
{
	buf_puts(out, "<td class=\"n\">");
	if (ms >= 0)
		report_ms(out, ms);
	else
		buf_puts(out, "<span class=\"sub\">not known</span>");
	buf_puts(out, "</td>");
}

static void add_row(const struct record *r, struct buf *out)
{
	const struct summary *s = &r->summary;
	char memory[16] = "";

	if (s->memory_bytes)
		ui_bytes(memory, s->memory_bytes);
	buf_printf(out, "<tr><th scope=\"row\"><a href=\"#m-%s\">%.10s %.8s</a></th>", r->id,
		   r->started, r->started + 11);
	add_cell(out, s->container);
	add_cell(out, s->source);
	add_cell(out, s->destination);
	add_cell(out, s->strategy);
	add_duration(out, s->outage_ms);
	add_duration(out, s->freeze_ms);
	add_duration(out, s->total_ms);
	buf_printf(out, "<td class=\"n\">%s</td><td>", memory);
	report_outcome(out, r);
	buf_puts(out, "</td></tr>\n");
}

static void add_table(const struct record *const *rows, size_t n, struct buf *out)
{
	buf_puts(out, "<h2>Moves</h2>\n<div class=\"card\"><div class=\"scroll\" tabindex=\"0\" "
		      "role=\"region\" aria-label=\"Table\">\n<table><caption>The newest first; "
		      "times are UTC.</caption>\n<thead><tr>"
		      "<th scope=\"col\">When</th><th scope=\"col\">Container</th>"
		      "<th scope=\"col\">From</th><th scope=\"col\">To</th>"
		      "<th scope=\"col\">Strategy</th><th scope=\"col\" class=\"n\">Outage</th>"
		      "<th scope=\"col\" class=\"n\">Frozen</th>"
		      "<th scope=\"col\" class=\"n\">In all</th>"
		      "<th scope=\"col\" class=\"n\">Memory</th>"
		      "<th scope=\"col\">Outcome</th></tr></thead>\n<tbody>\n");
	for (size_t i = n; i-- > 0;)
		add_row(rows[i], out);
	buf_puts(out, "</tbody></table></div></div>\n");
}

static void add_moves(const struct record *const *rows, size_t n, struct buf *out)
{
	buf_puts(out, "<h2>Timelines</h2>\n<p class=\"sub\"><span class=\"key f\"></span>frozen"
		      "<span class=\"key r\"></span>running; the outage enlarged below the whole "
		      "move</p>\n");
	for (size_t i = n; i-- > 0;)
		report_move(rows[i], out);
}

void report_html(const struct record *const *rows, size_t n, int64_t now, struct buf *out)
{
	struct overview o = look_over(rows, n);
	char written[32];

	record_time(written, now);
	add_head(rows, &o, out);
	if (n) {
		add_tiles(&o, out);
		add_chart(rows, n, out);
		add_table(rows, n, out);
		add_moves(rows, n, out);
	} else {
		buf_puts(out, "<p>Each <code>cmigrate move</code> adds one.</p>\n");
	}
	buf_printf(out,
		   "</main>\n<footer><p>Written %.10s %.8s UTC by cmigrate history.</p>"
		   "</footer>\n</body>\n</html>\n",
		   written, written + 11);
}
