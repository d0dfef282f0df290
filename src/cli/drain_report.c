/* SPDX-License-Identifier: MIT */
#include "drain_report.h"

#include <jansson.h>
#include <string.h>

#include "cmigrate/base/fields.h"
#include "cmigrate/cli/batch_report.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/history/timeline.h"
#include "cmigrate/move/move.h"

static size_t n_moved(const struct drain *d)
{
	return batch_count(d->rows, d->n, BATCH_MOVED);
}

static size_t n_fallen(const struct drain *d)
{
	return batch_count(d->rows, d->n, BATCH_CHECKPOINTED) +
	       batch_count(d->rows, d->n, BATCH_STOPPED);
}

static json_t *fallen_names(const struct drain *d)
{
	json_t *list = batch_report_names(d->rows, d->n, BATCH_CHECKPOINTED);
	json_t *more = batch_report_names(d->rows, d->n, BATCH_STOPPED);

	(void)json_array_extend(list, more);
	json_decref(more);
	return list;
}

static void print_json(const struct drain *d, int code)
{
	json_t *summary =
		json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "event",
			  "summary", "command", "drain", "host", d->host, "moved", (int)n_moved(d),
			  "failed", (int)batch_count_failed(d->rows, d->n), "busy",
			  batch_report_names(d->rows, d->n, BATCH_BUSY), "gone",
			  batch_report_names(d->rows, d->n, BATCH_GONE), "not_begun",
			  batch_report_names(d->rows, d->n, BATCH_WAITING), "late",
			  batch_report_names(d->rows, d->n, BATCH_LATE), "fell_back",
			  fallen_names(d), "pinned", json_of_words(&d->pinned));
	json_t *end = json_pack("{s:o, s:b, s:b, s:o, s:i}", "left",
				d->unknown ? json_null() : json_of_words(&d->left), "stopped",
				d->stopped, "cordoned", d->marked, "total_ms",
				json_of_ms(batch_report_ms(d->start_us)), "exit_code", code);

	(void)json_object_update(summary, end);
	json_decref(end);
	ui_json(d->caller->ui, summary);
}

static const char *why_left(const struct drain *d, const char *name)
{
	if (argv_has(&d->pinned, name))
		return "pinned";
	for (size_t i = d->n; i > 0; i--)
		if (strcmp(d->rows[i - 1].name, name) == 0)
			return batch_word(d->rows[i - 1].outcome);
	return "arrived meanwhile";
}

/* Adds ", 'web' (why)". */
static void add_name(struct buf *names, const char *name, const char *why)
{
	buf_printf(names, "%s'%s' (%s)", names->len ? ", " : "", name, why);
}

/* A drain that fails leaves the mark all the same. */
static void append_mark(const struct drain *d, struct err *err)
{
	if (d->opts->cordon)
		(void)err_append(err, "it is cordoned: 'cmigrate uncordon %s' ends that", d->host);
}

/* Names every container that is left, and each one that failed and is gone all the same. */
static int fail(const struct drain *d, struct err *err)
{
	CLEANUP_BUF struct buf names = {0};

	for (size_t i = 0; i < d->left.n; i++)
		add_name(&names, d->left.v[i], why_left(d, d->left.v[i]));
	for (size_t i = 0; i < d->n; i++)
		if (batch_is_failure(d->rows[i].outcome) && !argv_has(&d->left, d->rows[i].name))
			add_name(&names, d->rows[i].name, batch_word(d->rows[i].outcome));
	(void)err_set(err, EXIT_SOME, "%s is not drained: %zu moved; %s%s", d->host, n_moved(d),
		      batch_report_stop(d->stopped, d->ear), buf_str(&names));
	append_mark(d, err);
	return d->unknown ? err_append(err, "no host can tell what is left there") : -1;
}

static void print_plan_json(const struct drain *d)
{
	json_t *moves = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct batch_move *m = &d->rows[i];
		bool moves_there = m->outcome == BATCH_MOVED;
		json_array_append_new(moves,
				      json_pack("{s:s, s:s, s:s?, s:o, s:s?, s:s?}", "container",
						m->name, "source", m->from, "destination",
						moves_there ? m->to : NULL, "memory_bytes",
						batch_report_bytes(m->memory), "rule",
						moves_there ? m->rule : NULL, "error",
						moves_there ? NULL : m->error));
	}
	ui_json(d->caller->ui,
		json_pack("{s:s, s:s, s:s, s:o, s:o}", "event", "plan", "command", "drain", "host",
			  d->host, "moves", moves, "pinned", json_of_words(&d->pinned)));
}

static void print_plan(const struct drain *d)
{
	struct ui_table *table = ui_table_new(
		(const char *const[]){"CONTAINER", "FROM", "TO", "MEMORY", "RULE", "", NULL});

	for (size_t i = 0; i < d->n; i++) {
		const struct batch_move *m = &d->rows[i];
		bool moves_there = m->outcome == BATCH_MOVED;
		char memory[16];
		ui_bytes(memory, m->memory);
		ui_table_row(table,
			     (const char *const[]){m->name, m->from, moves_there ? m->to : "-",
						   memory, moves_there && m->rule ? m->rule : "-",
						   moves_there || !m->error ? "" : m->error});
	}
	for (size_t i = 0; i < d->pinned.n; i++)
		ui_table_row(table, (const char *const[]){d->pinned.v[i], d->host, "-", "-",
							  "pinned", ""});
	ui_table_print(d->caller->ui, table);
}

/*
 * Reports what a drain would do if nothing changes until then, and names each container that would
 * stay.
 */
int drain_report_plan(const struct drain *d, struct err *err)
{
	size_t stay = d->n - n_moved(d) + d->pinned.n;

	if (ui_is_json(d->caller->ui))
		print_plan_json(d);
	else if (!ui_is_quiet(d->caller->ui))
		print_plan(d);
	if (!stay)
		return EXIT_DONE;
	CLEANUP_BUF struct buf names = {0};
	for (size_t i = 0; i < d->n; i++)
		if (d->rows[i].outcome != BATCH_MOVED)
			add_name(&names, d->rows[i].name, batch_word(d->rows[i].outcome));
	for (size_t i = 0; i < d->pinned.n; i++)
		add_name(&names, d->pinned.v[i], "pinned");
	return err_set(err, EXIT_SOME, "%zu of %zu would stay on %s: %s", stay, d->n + d->pinned.n,
		       d->host, buf_str(&names));
}

int drain_report(const struct drain *d, struct err *err)
{
	int code = d->left.n || d->unknown || batch_count_failed(d->rows, d->n) ? EXIT_SOME
										: EXIT_DONE;
	char took[32];

	batch_report_all(d->caller->ui, d->rows, d->n);
	if (ui_is_json(d->caller->ui))
		print_json(d, code);
	if (code != EXIT_DONE)
		return fail(d, err);
	CLEANUP_FREE char *fell =
		n_fallen(d)
			? str_fmt(", %zu %s", n_fallen(d),
				  d->within.fallback == FALLBACK_STOP ? "stopped" : "checkpointed")
			: str_dup("");
	timeline_ms(took, batch_report_ms(d->start_us));
	if (!ui_is_quiet(d->caller->ui))
		ui_print(d->caller->ui, "drained %s: %zu moved%s in %s%s\n", d->host, n_moved(d),
			 fell, took, d->marked ? "; it is cordoned" : "");
	return EXIT_DONE;
}
