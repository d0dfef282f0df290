/* SPDX-License-Identifier: MIT */
#include "cmigrate/cli/batch_report.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/history/timeline.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/move.h"

static json_t *row_json(const struct batch_move *m)
{
	bool told = m->summary.container != NULL;

	return json_pack(
		"{s:s, s:s, s:s, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "event", "move",
		"container", m->name, "source", m->from, "destination", m->to, "outcome",
		batch_word(m->outcome), "exit_code", json_of_number(m->exit_code), "outage_ms",
		json_of_ms(told ? m->summary.outage_ms : -1), "freeze_ms",
		json_of_ms(told ? m->summary.freeze_ms : -1), "total_ms", json_of_ms(m->ms),
		"memory_bytes", batch_report_bytes(m->memory), "warnings",
		warnings_json(&m->summary.warnings), "error", json_of_text(m->error));
}

/* "warnings: timers,hooks", or "". Owned by the caller. */
static char *warned_of(const struct batch_move *m)
{
	CLEANUP_FREE char *ids = warnings_ids(&m->summary.warnings);

	return *ids ? str_fmt("warnings: %s", ids) : str_dup("");
}

/* Prints one finished move: a line of progress, or with --json an object. */
static void report_move(struct ui *ui, const struct batch_move *m)
{
	char outage[32] = "";

	if (ui_is_json(ui)) {
		ui_json(ui, row_json(m));
		return;
	}
	if (m->ms < 0)
		return;
	if (m->outcome == BATCH_MOVED && m->summary.outage_ms >= 0)
		timeline_ms(outage, m->summary.outage_ms);
	CLEANUP_FREE char *warned = warned_of(m);
	CLEANUP_FREE char *text =
		m->to ? str_fmt("%s, %s to %s%s%s%s%s", batch_word(m->outcome), m->from, m->to,
				*outage ? ", outage " : "", outage, *warned ? ", " : "", warned)
		      : str_fmt("%s, on %s", batch_word(m->outcome), m->from);
	ui_event(ui, &(struct event){
			     .kind = EVENT_STEP_END, .name = m->name, .text = text, .ms = m->ms});
}

void batch_caller_init(struct batch_caller *caller, const struct app *app)
{
	const struct globals *g = app->globals;

	*caller = (struct batch_caller){
		.config = app->config, .events = app->events, .report = report_move, .ui = app->ui};
	if (g->verbose)
		argv_add(&caller->options, "--verbose");
	if (g->config)
		argv_addl(&caller->options, "--config", g->config, NULL);
	if (g->bundle_root)
		argv_addl(&caller->options, "--bundle-root", g->bundle_root, NULL);
}

char *batch_caller_name(const struct app *app)
{
	CLEANUP_FREE char *here = config_here(app->config);
	/* After sudo the person matters, not root. */
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user = getpwuid(getuid());
	char *name = str_fmt("%s@%s", sudo && *sudo ? sudo : user ? user->pw_name : "root", here);

	str_mask(name);
	return name;
}

static void add_row(struct ui_table *table, const struct batch_move *m)
{
	char outage[32] = "-", took[32] = "-", memory[16];
	CLEANUP_FREE char *warned = warned_of(m);

	if (m->summary.container && m->summary.outage_ms >= 0)
		timeline_ms(outage, m->summary.outage_ms);
	if (m->ms >= 0)
		timeline_ms(took, m->ms);
	ui_bytes(memory, m->memory);
	ui_table_row(table, (const char *const[]){m->name, m->from, m->to ? m->to : "-", memory,
						  batch_word(m->outcome), outage, took,
						  m->error ? m->error : warned});
}

void batch_report_all(struct ui *ui, const struct batch_move *rows, size_t n)
{
	struct ui_table *table;

	if (ui_is_json(ui))
		return;
	for (size_t i = 0; ui_is_quiet(ui) && i < n; i++) {
		struct err err = ERR_INIT;
		if (!batch_is_failure(rows[i].outcome))
			continue;
		(void)err_set(&err, EXIT_SOME, "'%s' %s: %s", rows[i].name,
			      batch_word(rows[i].outcome), rows[i].error ? rows[i].error : "?");
		ui_error(ui, &err);
	}
	if (ui_is_quiet(ui) || !n)
		return;
	table = ui_table_new((const char *const[]){"CONTAINER", "FROM", "TO", "MEMORY", "RESULT",
						   "OUTAGE", "TOOK", "", NULL});
	for (size_t i = 0; i < n; i++)
		add_row(table, &rows[i]);
	ui_table_print(ui, table);
}

json_t *batch_report_names(const struct batch_move *rows, size_t n, enum batch_outcome outcome)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (rows[i].outcome == outcome)
			json_array_append_new(list, json_string(rows[i].name));
	return list;
}

json_t *batch_report_bytes(uint64_t bytes)
{
	return bytes ? json_integer((json_int_t)bytes) : json_null();
}

double batch_report_ms(int64_t start_us)
{
	return (double)(clock_now_us() - start_us) / 1000;
}

char *batch_report_failures(const struct batch_move *rows, size_t n)
{
	struct buf text = {0};

	for (size_t i = 0; i < n; i++)
		if (batch_is_failure(rows[i].outcome))
			buf_printf(&text, "%s'%s' %s", text.len ? ", " : "", rows[i].name,
				   batch_word(rows[i].outcome));
	return buf_steal(&text);
}

const char *batch_report_stop(bool stopped, struct batch_ear *ear)
{
	if (stopped && move_cancelled)
		return "stopped by a signal; ";
	return stopped && batch_ear_hears(ear) ? "stopped by 'cmigrate abort'; " : "";
}
