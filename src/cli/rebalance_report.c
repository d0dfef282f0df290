/* SPDX-License-Identifier: MIT */
#include "rebalance_report.h"

#include <jansson.h>
#include <stdio.h>

#include "cmigrate/base/fields.h"
#include "cmigrate/cli/batch_report.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/history/timeline.h"

/* A load as people read it: a share, or a number of containers. */
static double shown(const struct rebalance *r, double load)
{
	return r->by == BY_PRESSURE ? load / 100 : load;
}

static json_t *hosts_json(const struct rebalance *r)
{
	json_t *list = json_array();

	for (size_t h = 0; h < r->problem.plan.n_hosts; h++)
		json_array_append_new(
			list,
			json_pack("{s:s, s:f, s:f, s:i}", "host", rebalance_host(r, h), "before",
				  shown(r, r->plan.before[h]), "after", shown(r, r->plan.after[h]),
				  "containers", (int)fleet_count(&r->fleet, rebalance_host(r, h))));
	return list;
}

/* Names of the moves with that outcome, and of the containers left out of the plan. */
static json_t *names_json(const struct rebalance *r, enum batch_outcome outcome,
			  const struct argv *left)
{
	json_t *list = batch_report_names(r->batch.rows, r->batch.n, outcome);
	json_t *more = json_of_words(left);

	(void)json_array_extend(list, more);
	json_decref(more);
	return list;
}

static json_t *moves_json(const struct rebalance *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->plan.n; i++) {
		const struct plan_move *m = &r->plan.moves[i];
		const struct container *c = rebalance_container(r, m);
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s, s:o}", "container", c->name, "rule",
				  rebalance_rule(r, i), "source", rebalance_host(r, m->from),
				  "destination", rebalance_host(r, m->to), "memory_bytes",
				  batch_report_bytes(c->memory > 0 ? (uint64_t)c->memory : 0)));
	}
	return list;
}

static void print_plan_json(const struct rebalance *r)
{
	ui_json(r->caller->ui,
		json_pack("{s:s, s:s, s:f, s:f, s:f, s:i, s:o, s:o, s:o}", "event", "plan", "by",
			  fleet_by_words[r->by], "threshold", r->problem.plan.threshold, "mean",
			  shown(r, r->plan.mean), "limit", shown(r, r->plan.limit), "above",
			  (int)r->plan.above, "hosts", hosts_json(r), "moves", moves_json(r),
			  "passed_over", json_of_words(&r->passed_over)));
}

static void print_moves(const struct rebalance *r)
{
	struct ui_table *table = ui_table_new(
		(const char *const[]){"CONTAINER", "FROM", "TO", "MEMORY", "RULE", NULL});

	for (size_t i = 0; i < r->plan.n; i++) {
		const struct plan_move *m = &r->plan.moves[i];
		const struct container *c = rebalance_container(r, m);
		char memory[16] = "-";
		if (c->memory >= 0)
			ui_bytes(memory, (unsigned long long)c->memory);
		ui_table_row(table, (const char *const[]){c->name, rebalance_host(r, m->from),
							  rebalance_host(r, m->to), memory,
							  rebalance_rule(r, i)});
	}
	ui_table_print(r->caller->ui, table);
	ui_print(r->caller->ui, "\n");
}

static void cell_load(char text[32], const struct rebalance *r, double load)
{
	double value = shown(r, load);

	if (r->by == BY_COUNT)
		(void)snprintf(text, 32, "%g", (double)(long long)(value * 10 + 0.5) / 10);
	else
		(void)snprintf(text, 32, "%.*f%%", value < 0.0995 ? 1 : 0, value * 100);
}

static void print_loads(const struct rebalance *r)
{
	struct ui_table *table =
		ui_table_new((const char *const[]){"HOST", "BEFORE", "AFTER", "LIMIT", NULL});
	char before[32], after[32], limit[32];

	cell_load(limit, r, r->plan.limit);
	for (size_t h = 0; h < r->problem.plan.n_hosts; h++) {
		cell_load(before, r, r->plan.before[h]);
		cell_load(after, r, r->plan.after[h]);
		ui_table_row(table,
			     (const char *const[]){rebalance_host(r, h), before, after, limit});
	}
	ui_table_print(r->caller->ui, table);
}

void rebalance_report_plan(const struct rebalance *r)
{
	struct ui *ui = r->caller->ui;

	if (ui_is_json(ui)) {
		print_plan_json(r);
		return;
	}
	for (size_t i = 0; i < r->passed_over.n; i++)
		event_note(r->caller->events, "%s", r->passed_over.v[i]);
	if (ui_is_quiet(ui))
		return;
	if (r->plan.n)
		print_moves(r);
	print_loads(r);
	if (r->plan.above)
		ui_print(ui, "%zu host%s above the limit%s\n", r->plan.above,
			 r->plan.above == 1 ? " stays" : "s stay",
			 r->plan.n && r->plan.n == r->problem.plan.max_moves
				 ? ": another run can move more"
			 : r->passed_over.n ? ": nothing else that may be moved fits elsewhere"
					    : ": nothing that may be moved fits elsewhere");
	else if (!r->plan.n)
		ui_print(ui, "nothing to do: no host is above the limit\n");
}

static void print_summary_json(const struct rebalance *r, int code)
{
	const struct batch *b = &r->batch;

	ui_json(r->caller->ui,
		json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:i, s:b, s:o, s:i}", "event",
			  "summary", "command", "rebalance", "by", fleet_by_words[r->by], "moved",
			  (int)batch_count(b->rows, b->n, BATCH_MOVED), "failed",
			  (int)batch_count_failed(b->rows, b->n), "busy",
			  names_json(r, BATCH_BUSY, &r->busy), "gone",
			  names_json(r, BATCH_GONE, &r->gone), "not_begun",
			  batch_report_names(b->rows, b->n, BATCH_WAITING), "above",
			  (int)r->plan.above, "stopped", b->stopped, "total_ms",
			  json_of_ms(batch_report_ms(r->start_us)), "exit_code", code));
}

/* A failure: a host stays above the limit, nothing was moved, and the checks are the reason. */
static int blocked(const struct rebalance *r, struct err *err)
{
	if (r->plan.n || !r->plan.above || !r->refused)
		return EXIT_DONE;
	return err_set(err, EXIT_SOME,
		       "%zu host%s above the limit, the checks refuse every move; %s",
		       r->plan.above, r->plan.above == 1 ? " stays" : "s stay",
		       r->passed_over.v[r->passed_over.n - 1]);
}

int rebalance_report(const struct rebalance *r, struct err *err)
{
	const struct batch *b = &r->batch;
	CLEANUP_FREE char *failures = batch_report_failures(b->rows, b->n);
	size_t waiting = batch_count(b->rows, b->n, BATCH_WAITING),
	       moved = batch_count(b->rows, b->n, BATCH_MOVED);
	struct err stays = ERR_INIT;
	bool is_blocked = blocked(r, &stays) < 0;
	int code = *failures || waiting || is_blocked ? EXIT_SOME : EXIT_DONE;
	char took[32];

	if (b->n)
		batch_report_all(r->caller->ui, b->rows, b->n);
	if (ui_is_json(r->caller->ui))
		print_summary_json(r, code);
	if (is_blocked) {
		*err = stays;
		return -1;
	}
	if (code != EXIT_DONE)
		return err_set(err, EXIT_SOME, "%zu of %zu moved; %s%s", moved, b->n,
			       batch_report_stop(b->stopped, b->ear), failures);
	timeline_ms(took, batch_report_ms(r->start_us));
	if (b->n && !ui_is_quiet(r->caller->ui))
		ui_print(r->caller->ui, "rebalanced: %zu of %zu moved in %s\n", moved, b->n, took);
	return EXIT_DONE;
}
