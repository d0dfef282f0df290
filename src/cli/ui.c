/* SPDX-License-Identifier: MIT */
#include "cmigrate/cli/ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/event_json.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/base/str.h"
#include "cmigrate/base/terminal.h"
#include "cmigrate/history/timeline.h"

/* Longer bars of the timeline show nothing more. */
#define WIDTH_MAX 80
#define COLOUR_FROZEN "\033[33m"
#define COLOUR_FAILED "\033[31m"
#define COLOUR_END "\033[0m"
#define LINE_CLEAR "\r\033[K"

struct ui {
	bool json, quiet, verbose;
	bool terminal;	 /* stderr is a terminal */
	bool live;	 /* progress may rewrite one line */
	bool live_shown; /* the cursor is in that line */
	bool json_told;	 /* an object was printed */
	bool colour_out, colour_err;
	bool utf8;
	struct buf pending; /* lines for stderr that had to wait */
	char *told;	    /* the error that ui_summary() has printed already */
};

struct ui *ui_new(bool json, bool quiet, bool verbose)
{
	struct ui *ui = mem_new(1, sizeof(*ui));

	ui->json = json;
	ui->quiet = quiet;
	ui->verbose = verbose;
	ui->terminal = isatty(STDERR_FILENO);
	/* Lines of commands would break a line that is rewritten. */
	ui->live = !json && !quiet && !verbose && terminal_is_live(STDERR_FILENO);
	ui->colour_out = terminal_has_colours(STDOUT_FILENO);
	ui->colour_err = terminal_has_colours(STDERR_FILENO);
	ui->utf8 = terminal_is_utf8();
	return ui;
}

bool ui_is_json(const struct ui *ui)
{
	return ui->json;
}

bool ui_is_quiet(const struct ui *ui)
{
	return ui->quiet;
}

/* ---- stderr ---- */

/* A stopped terminal (Ctrl-S) must not stop a move while its container is frozen. */
static bool must_wait(const struct ui *ui)
{
	return ui->terminal && terminal_would_block(STDERR_FILENO);
}

static void live_show(struct ui *ui, const struct buf *text)
{
	size_t room = terminal_width(STDERR_FILENO) - 1;

	if (must_wait(ui))
		return;
	ui->live_shown = true;
	(void)fprintf(stderr, LINE_CLEAR "%.*s", (int)(text->len < room ? text->len : room),
		      buf_str(text));
	(void)fflush(stderr);
}

static void live_end(struct ui *ui)
{
	if (!ui->live_shown || must_wait(ui))
		return;
	ui->live_shown = false;
	(void)fputs(LINE_CLEAR, stderr);
	(void)fflush(stderr);
}

/* Prints the lines that had to wait. */
static void say_pending(struct ui *ui)
{
	live_end(ui);
	if (ui->pending.len)
		(void)fputs(ui->pending.s, stderr);
	(void)fflush(stderr);
	buf_clear(&ui->pending);
}

/* Prints a line that stays. */
static void say(struct ui *ui, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct ui *ui, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	buf_printf(&ui->pending, "%s\n", text);
	if (!must_wait(ui))
		say_pending(ui);
}

void ui_free(struct ui *ui)
{
	if (!ui)
		return;
	ui->terminal = false; /* from here on a write may block */
	say_pending(ui);
	(void)fflush(stdout);
	free(ui->told);
	free(ui);
}

static void say_error(struct ui *ui, const char *text)
{
	say(ui, "%scmigrate:%s %s", ui->colour_err ? COLOUR_FAILED : "",
	    ui->colour_err ? COLOUR_END : "", text);
}

static void add_progress(struct buf *line, const struct event *event)
{
	char text[16];

	if (event->bytes) {
		ui_bytes(text, event->bytes);
		buf_printf(line, "  %s", text);
	}
	if (event->bytes_second) {
		ui_bytes(text, event->bytes_second);
		buf_printf(line, "  %s/s", text);
	}
	if (event->pages)
		buf_printf(line, "  %llu pages dirty", (unsigned long long)event->pages);
}

static void show_live(struct ui *ui, const struct event *event)
{
	CLEANUP_BUF struct buf line = {0};
	char ms[32];

	buf_puts(&line, event->kind == EVENT_UNDO ? "undo " : "");
	buf_puts(&line, event->name ? event->name : "");
	add_progress(&line, event);
	if (event->kind == EVENT_STEP_END) {
		timeline_ms(ms, event->ms);
		buf_printf(&line, "  %s", ms);
	}
	live_show(ui, &line);
}

static void say_step(struct ui *ui, const struct event *event)
{
	char ms[32];

	timeline_ms(ms, event->ms);
	if (event->text)
		say(ui, "%-12s %8s  %s", event->name, ms, event->text);
	else
		say(ui, "%-12s %8s", event->name, ms);
}

static void say_command(struct ui *ui, const struct event *event)
{
	CLEANUP_FREE char *shown = str_dup(event->text);

	/* A text of several lines would look like several commands. */
	if (shown)
		str_mask(shown);
	say(ui, "[%s] + %s", event->host ? event->host : "?", shown ? shown : "");
}

static void event_text(struct ui *ui, const struct event *event)
{
	switch (event->kind) {
	case EVENT_STEP_END:
		if (!ui->live)
			say_step(ui, event);
		else
			show_live(ui, event);
		break;
	case EVENT_UNDO:
		say(ui, "undo %s", event->name);
		break;
	case EVENT_NOTE:
		say(ui, "note: %s", event->text);
		break;
	case EVENT_STEP_BEGIN:
	case EVENT_PROGRESS:
		if (ui->live)
			show_live(ui, event);
		break;
	case EVENT_COMMAND:
		break;
	}
}

/* ---- stdout ---- */

void ui_event(void *ctx, const struct event *event)
{
	struct ui *ui = ctx;

	if (event->kind == EVENT_COMMAND && ui->verbose)
		say_command(ui, event);
	if (ui->quiet)
		return;
	if (!ui->json) {
		event_text(ui, event);
		return;
	}
	json_t *object = event_json(event);
	if (object)
		ui_json(ui, object);
}

/* Flush each line: the reader wants it now. */
void ui_json(struct ui *ui, json_t *object)
{
	char *text = json_line(object);

	live_end(ui);
	if (text)
		(void)printf("%s\n", text);
	ui->json_told = true;
	(void)fflush(stdout);
	free(text);
	json_decref(object);
}

void ui_print(struct ui *ui, const char *fmt, ...)
{
	va_list ap;

	if (ui->json)
		return;
	live_end(ui);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
}

/* Colour the frozen part of the bars. */
static void print_bars(const struct ui *ui, const char *text)
{
	const char *glyph = ui->utf8 ? TIMELINE_FROZEN : TIMELINE_FROZEN_ASCII;
	size_t len = strlen(glyph);

	for (const char *at; ui->colour_out && (at = strstr(text, glyph)) != NULL;) {
		const char *end = at;
		while (strncmp(end, glyph, len) == 0)
			end += len;
		(void)printf("%.*s" COLOUR_FROZEN "%.*s" COLOUR_END, (int)(at - text), text,
			     (int)(end - at), at);
		text = end;
	}
	(void)fputs(text, stdout);
}

static void print_details(const struct summary *s)
{
	for (size_t i = 0; i < s->n_passes; i++) {
		char bytes[16], ms[32];
		ui_bytes(bytes, s->passes[i].bytes);
		timeline_ms(ms, s->passes[i].ms);
		(void)printf("  pass %zu: %s in %s\n", i + 1, bytes, ms);
	}
	if (s->packets)
		(void)printf("  packets during the freeze: %s\n", s->packets);
	if (s->answered_by && *s->answered_by)
		(void)printf("  answered: %s\n", s->answered_by);
}

void ui_timeline(struct ui *ui, const struct summary *s)
{
	CLEANUP_BUF struct buf bars = {0};
	unsigned width = terminal_width(STDOUT_FILENO);

	if (ui->json)
		return;
	timeline_draw(s, width < WIDTH_MAX ? width : WIDTH_MAX, ui->utf8, &bars);
	print_details(s);
	if (bars.len) {
		(void)putchar('\n');
		print_bars(ui, bars.s);
	}
}

void ui_summary(struct ui *ui, const struct summary *summary)
{
	CLEANUP_BUF struct buf line = {0};
	bool moved = summary->outcome && strcmp(summary->outcome, "moved") == 0;

	live_end(ui);
	timeline_headline(summary, &line);
	str_mask(line.s);
	if (ui->json)
		ui_json(ui, summary_json(summary));
	else if (moved && !ui->quiet)
		(void)printf("%s\n", line.s);
	/* A move undone by recover is no failure. */
	if (!moved && (summary->exit_code || !ui->quiet)) {
		say_error(ui, line.s);
		str_set(&ui->told, summary->error);
	}
	if (!ui->json && !ui->quiet)
		ui_timeline(ui, summary);
	(void)fflush(stdout);
}

/* Don't repeat an error that was printed as part of an outcome. */
void ui_error(struct ui *ui, const struct err *err)
{
	if (ui->told && *ui->told && strcmp(ui->told, err->msg) == 0)
		return;
	live_end(ui);
	(void)fflush(stdout);
	say_error(ui, err->msg);
}

void ui_failure(struct ui *ui, const struct err *err)
{
	int code = err->code == EXIT_DONE ? EXIT_FAILED : (int)err->code;

	if (ui->json && !ui->json_told)
		ui_json(ui, json_pack("{s:s, s:s, s:i}", "event", "error", "error", err->msg,
				      "exit_code", code));
	ui_error(ui, err);
}

void ui_wait(struct ui *ui, const char *what)
{
	CLEANUP_BUF struct buf line = {0};

	buf_puts(&line, what);
	if (ui->live)
		live_show(ui, &line);
}

void ui_bytes(char text[16], unsigned long long bytes)
{
	static const char units[] = "KMGTPE";
	double value = (double)bytes;
	int unit = -1;

	/* Values from 999.5 on would be printed as 1000 of the smaller unit. */
	while (value >= 999.5 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		(void)snprintf(text, 16, "%llu", bytes);
	else if (value < 9.95 && (int)(value * 10 + 0.5) % 10)
		(void)snprintf(text, 16, "%.1f%c", value, units[unit]);
	else
		(void)snprintf(text, 16, "%.0f%c", value, units[unit]);
}
