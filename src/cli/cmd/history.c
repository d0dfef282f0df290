/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmigrate/base/atomic_file.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/bundle_root.h"
#include "cmigrate/container/container.h"
#include "cmigrate/history/all_histories.h"
#include "cmigrate/history/metrics.h"
#include "cmigrate/history/page.h"
#include "cmigrate/history/timeline.h"
#include "cmigrate/host/config.h"

struct history_opts {
	char *move;
	unsigned limit;
	char *since;
	char *html;
	char *metrics;
	char *on;
};

/* Reads "7d" (ago), "2026-11-21" or "2026-11-21T23:33:15Z". */
static int read_since(const char *text, int64_t *ret, struct err *err)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	CLEANUP_FREE char *midnight = str_fmt("%sT00:00:00Z", text);
	size_t digits = strspn(text, "0123456789");

	if (digits && digits < 7 && strlen(text) == digits + 1)
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (text[digits] == units[i].unit) {
				*ret = (int64_t)time(NULL) - atol(text) * units[i].seconds;
				return 0;
			}
	int64_t moment = container_time(text);
	if (moment < 0)
		moment = container_time(midnight);
	if (moment < 0)
		return err_set(err, EXIT_USAGE,
			       "--since %s: give a date such as 2026-11-21, or a span such as 12h "
			       "or 7d",
			       text);
	*ret = moment;
	return 0;
}

/* The last part of an id, which is enough for people. */
static const char *short_id(const struct record *r)
{
	const char *dash = strrchr(r->id, '-');

	return dash && dash[1] ? dash + 1 : r->id;
}

static void cell_ms(char text[32], double ms)
{
	if (ms < 0)
		(void)snprintf(text, 32, "-");
	else
		timeline_ms(text, ms);
}

static void print_table(struct ui *ui, const struct record *const *rows, size_t n)
{
	struct ui_table *table = ui_table_new(
		(const char *const[]){"WHEN", "NAME", "FROM", "TO", "STRATEGY", "OUTAGE", "FROZEN",
				      "OUTCOME", "WARNINGS", "MOVE", NULL});

	for (size_t i = 0; i < n; i++) {
		const struct summary *s = &rows[i]->summary;
		char outage[32], frozen[32];
		CLEANUP_FREE char *ids = warnings_ids(&s->warnings);
		cell_ms(outage, s->outage_ms);
		cell_ms(frozen, s->freeze_ms);
		ui_table_row(table, (const char *const[]){
					    rows[i]->started, s->container, s->source,
					    s->destination, s->strategy, outage, frozen, s->outcome,
					    s->warnings.n ? ids : "-", short_id(rows[i])});
	}
	ui_table_print(ui, table);
}

static void print_field(struct ui *ui, const char *key, const char *value)
{
	if (value && *value)
		ui_print(ui, "  %s: %s\n", key, value);
}

static void print_warnings(struct ui *ui, const struct warnings *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const char *message = w->rows[i].message, *remedy = w->rows[i].remedy;
		ui_print(ui, "  warning of check '%s'%s%s%s%s\n", w->rows[i].check,
			 message ? ": " : "", message ? message : "", remedy ? "; " : "",
			 remedy ? remedy : "");
	}
}

/* Prints one move in full. */
static void print_one(struct ui *ui, const struct record *r)
{
	CLEANUP_BUF struct buf line = {0};

	timeline_headline(&r->summary, &line);
	ui_print(ui, "%s\n", line.s);
	print_field(ui, "move", r->id);
	print_field(ui, "started", r->started);
	print_field(ui, "controller", r->controller);
	print_field(ui, "settled by recover", r->settled);
	print_field(ui, "settled on", r->settled_on);
	print_field(ui, "held back by", r->hold);
	print_field(ui, "logs", r->logs);
	print_warnings(ui, &r->summary.warnings);
	ui_timeline(ui, &r->summary);
}

/* Finds the move for "last", a whole id, or the end of one. */
static const struct record *pick(const struct record *const *rows, size_t n, const char *word,
				 struct err *err)
{
	const struct record *found = n && strcmp(word, "last") == 0 ? rows[n - 1] : NULL;
	size_t hits = found ? 1 : 0;

	for (size_t i = 0; !found && i < n; i++)
		hits += record_is(rows[i], word);
	for (size_t i = 0; !found && hits == 1 && i < n; i++)
		if (record_is(rows[i], word))
			found = rows[i];
	if (!found)
		(void)err_set(err, EXIT_FAILED,
			      hits ? "--move %s: several moves end like that, give the whole id"
				   : "no move '%s' in the history; 'cmigrate history' lists them",
			      word);
	return found;
}

static int write_html(const char *path, const struct record *const *rows, size_t n, struct err *err)
{
	CLEANUP_BUF struct buf page = {0};

	page_html(rows, n, (int64_t)time(NULL), &page);
	if (strcmp(path, "-") == 0)
		return fd_write_all(STDOUT_FILENO, "standard output", page.s, page.len, err);
	return atomic_file_write(path, page.s, page.len, true, err);
}

static int write_metrics(const char *path, const struct all_histories *all, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};

	if (strcmp(path, "-") != 0)
		return metrics_write(all, path, err);
	metrics_text(all, &text);
	return fd_write_all(STDOUT_FILENO, "standard output", text.s, text.len, err);
}

/* Prints the list unless another output was asked for. */
static int show(struct app *app, const struct history_opts *o, const struct all_histories *all,
		const struct record *const *rows, size_t n, struct err *err)
{
	const struct record *one = NULL;

	if (o->move && !(one = pick(rows, n, o->move, err)))
		return -1;
	if (one) {
		rows = &one;
		n = 1;
	}
	if ((o->html && write_html(o->html, rows, n, err) < 0) ||
	    (o->metrics && write_metrics(o->metrics, all, err) < 0))
		return -1;
	if (o->html || o->metrics)
		return EXIT_DONE;
	if (ui_is_json(app->ui))
		for (size_t i = 0; i < n; i++)
			ui_json(app->ui, record_json(rows[i]));
	else if (one)
		print_one(app->ui, one);
	else
		print_table(app->ui, rows, n);
	return EXIT_DONE;
}

static int check_opts(const struct history_opts *o, const struct argv *args, int64_t *ret_since,
		      struct err *err)
{
	if (o->metrics && (o->move || o->limit || o->since || args->n))
		return err_set(err, EXIT_USAGE,
			       "--metrics covers all moves: leave out NAME, --move, --limit and "
			       "--since");
	if (o->metrics && o->html && strcmp(o->metrics, o->html) == 0)
		return err_set(err, EXIT_USAGE, "--html and --metrics name the same file");
	return o->since ? read_since(o->since, ret_since, err) : 0;
}

static int run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	const struct history_opts *o = base;
	CLEANUP_ALL_HISTORIES struct all_histories all = {0};
	const char *root = app_bundle_root(app);
	int64_t since = 0;
	size_t n = 0;

	if (check_opts(o, args, &since, err) < 0)
		return -1;
	CLEANUP_HOST struct host *host =
		bundle_root_host(app->config, root, o->on, app->events, err);
	if (!host || all_histories_load(host, root, args->n ? args->v[0] : NULL, &all, err) < 0 ||
	    (o->metrics && all_histories_load_cordons(host, &all, err) < 0))
		return -1;
	for (size_t i = 0; i < all.unread.n; i++) {
		struct err why = ERR_INIT;
		(void)err_set(&why, EXIT_FAILED, "%s", all.unread.v[i]);
		ui_error(app->ui, &why);
	}
	const struct record **rows = all_histories_rows(&all, since, o->limit, &n);
	int status = show(app, o, &all, rows, n, err);
	free(rows);
	return status;
}

#define ROW(member, name, kind, arg, help)                                                         \
	OPT(struct history_opts, member, name, 0, kind, arg, help)

static const struct opt table[] = {
	ROW(move, "move", OPT_STRING, "ID", "show one move in full; 'last' is the last one"),
	ROW(limit, "limit", OPT_COUNT, "N", "only the last N moves"),
	ROW(since, "since", OPT_STRING, "WHEN",
	    "only moves since a date (2026-11-21) or in a span (7d)"),
	ROW(html, "html", OPT_STRING, "FILE", "write a page for a browser; '-' is standard output"),
	ROW(metrics, "metrics", OPT_STRING, "FILE", "write counts and times for Prometheus"),
	ROW(on, "on", OPT_STRING, "HOST",
	    "host with the shared directory, if this machine lacks it"),
	{.name = NULL},
};

const struct verb verb_history = {
	.name = "history",
	.synopsis = "[OPTIONS] [NAME]",
	.summary = "show past moves: when, from, to, outage, outcome",
	.details = "Lists the moves of all containers in the bundle root, or of one, newest last.\n"
		   "The last 100 moves of each container are kept beside its bundle.",
	.opts = table,
	.options_size = sizeof(struct history_opts),
	.max_args = 1,
	.run = run,
};
