/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/ask.h"
#include "cmigrate/bars.h"
#include "cmigrate/batch.h"
#include "cmigrate/batch_report.h"
#include "cmigrate/cmd.h"
#include "cmigrate/config.h"
#include "cmigrate/deadline.h"
#include "cmigrate/destination.h"
#include "cmigrate/fleet.h"
#include "cmigrate/move.h"
#include "cmigrate/signals.h"
#include "cmigrate/terminal.h"
#include "cmigrate/timeline.h"
#include "cmigrate/ui.h"

#define PARALLEL_MAX 64
#define MOVES_MAX 1000
/* Ten times the mean is no balance any more. */
#define THRESHOLD_MAX 10
/* Each round of checks forbids at least one move: who still refuses then refuses everything. */
#define ROUNDS_MAX 20
#define WIDTH_MAX 80

struct rebalance_opts {
	char *by, *threshold;
	unsigned max_moves, parallel;
	struct argv skip_checks;
	bool dry_run;
};

struct rebalance {
	struct app *app;
	const struct rebalance_opts *opts;
	enum fleet_by by;
	struct fleet fleet;
	struct fleet_problem problem;
	struct plan plan;
	struct batch batch;	 /* the checks of the plan, then its moves */
	bool *approved;		 /* of item i by host h, as in problem.refused */
	struct argv passed_over; /* what the checks said, a line each */
	struct argv busy, gone;	 /* by the checks: left to others, and no refusals */
	bool refused;		 /* by a check, for another reason */
	struct argv options;	 /* of each check and move */
	int64_t start_us;
};

/* ---- what is asked for ---- */

/* "0.2", or "20%". */
static int read_threshold(const char *text, double *ret, struct err *err)
{
	char *end = NULL;
	double value = strtod(text, &end);

	if (end != text && *end == '%') {
		value /= 100;
		end++;
	}
	if (end == text || *end || !(value >= 0 && value <= THRESHOLD_MAX))
		return err_set(err, EXIT_USAGE,
			       "--threshold: '%.40s' is no share such as 0.2, from 0 to %d", text,
			       THRESHOLD_MAX);
	*ret = value;
	return 0;
}

static int read_opts(struct rebalance *r, struct err *err)
{
	const struct rebalance_opts *o = r->opts;
	const struct config *config = r->app->config;

	r->problem.plan.threshold = config->rebalance_threshold;
	if (o->threshold && read_threshold(o->threshold, &r->problem.plan.threshold, err) < 0)
		return -1;
	if (fleet_by(o->by ? o->by : config->rebalance_by, &r->by, err) < 0)
		return err_wrap(err, "rebalance.by");
	if (o->parallel > PARALLEL_MAX)
		return err_set(err, EXIT_USAGE, "--parallel: at most %d", PARALLEL_MAX);
	if (o->max_moves > MOVES_MAX)
		return err_set(err, EXIT_USAGE, "--max-moves: at most %d", MOVES_MAX);
	return config_need_hosts(config, 2, err);
}

static int gather(struct rebalance *r, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};
	const struct config *config = r->app->config;
	double threshold = r->problem.plan.threshold;
	unsigned max = r->opts->max_moves ? r->opts->max_moves : config->rebalance_max_moves;

	ask_names(config, false, &names);
	if (fleet_ask(config, &names, r->app->events, &r->fleet, err) < 0)
		return -1;
	CLEANUP_FREE char *silent = fleet_silent(&r->fleet);
	fleet_problem(&r->fleet, r->by, &r->problem);
	if (r->problem.plan.n_hosts < 2)
		return err_set(err, EXIT_REFUSED, "fewer than two hosts answer: %s", silent);
	if (*silent)
		event_note(r->app->events, "left out: %s", silent);
	r->problem.plan.threshold = threshold;
	r->problem.plan.max_moves = max < MOVES_MAX ? max : MOVES_MAX;
	r->approved =
		mem_new(r->problem.plan.n_items * r->problem.plan.n_hosts, sizeof(*r->approved));
	return 0;
}

/* ---- the plan, and what the checks say about it ---- */

static const char *host_name(const struct rebalance *r, size_t h)
{
	return r->problem.rows[h]->name;
}

static const struct container *container_of(const struct rebalance *r, const struct plan_move *m)
{
	return r->problem.containers[m->item];
}

static bool *at(const struct rebalance *r, bool *matrix, const struct plan_move *m)
{
	return &matrix[m->item * r->problem.plan.n_hosts + m->to];
}

static void batch_clear(struct rebalance *r)
{
	for (size_t i = 0; i < r->batch.n; i++)
		batch_move_clear(&r->batch.rows[i]);
	free(r->batch.rows);
	r->batch.rows = NULL;
	r->batch.n = 0;
}

/* The moves of the plan; for the checks those that were not made yet. */
static void batch_of_plan(struct rebalance *r, const char *verb, bool unknown_only)
{
	batch_clear(r);
	r->batch = (struct batch){.app = r->app,
				  .verb = verb,
				  .rows = mem_new(r->plan.n, sizeof(*r->batch.rows)),
				  .options = &r->options,
				  .parallel = r->opts->parallel};
	for (size_t i = 0; i < r->plan.n; i++) {
		const struct plan_move *m = &r->plan.moves[i];
		const struct container *c = container_of(r, m);
		if (unknown_only && *at(r, r->approved, m))
			continue;
		r->batch.rows[r->batch.n++] =
			(struct batch_move){.name = str_dup(c->name),
					    .from = str_dup(host_name(r, m->from)),
					    .to = str_dup(host_name(r, m->to)),
					    .memory = c->memory > 0 ? (uint64_t)c->memory : 0};
	}
}

static const struct plan_move *planned(const struct rebalance *r, const char *name,
				       const char *from)
{
	for (size_t i = 0; i < r->plan.n; i++)
		if (strcmp(container_of(r, &r->plan.moves[i])->name, name) == 0 &&
		    strcmp(host_name(r, r->plan.moves[i].from), from) == 0)
			return &r->plan.moves[i];
	return NULL;
}

static void forbid_host(struct rebalance *r, size_t h)
{
	for (size_t i = 0; i < r->problem.plan.n_items; i++)
		r->problem.refused[i * r->problem.plan.n_hosts + h] = true;
}

/* What a check said becomes part of the problem. */
static void learn(struct rebalance *r, const struct batch_move *b)
{
	const struct plan_move *m = planned(r, b->name, b->from);
	const char *why = b->error ? b->error : "";

	if (b->outcome == BATCH_MOVED) {
		*at(r, r->approved, m) = true;
		return;
	}
	CLEANUP_FREE char *line = str_fmt("'%s' to %s: %s", b->name, b->to, why);
	argv_add(&r->passed_over, line);
	if (b->outcome == BATCH_BUSY || b->outcome == BATCH_GONE)
		argv_add(b->outcome == BATCH_BUSY ? &r->busy : &r->gone, b->name);
	else
		r->refused = true;
	*at(r, r->problem.refused, m) = true;
	/* Each further attempt would cost its deadline. */
	if (destination_is_silent(why, b->to))
		forbid_host(r, m->to);
	else if (b->outcome != BATCH_REFUSED || destination_refusal_is_final(why))
		r->problem.items[m->item].fixed = true;
}

/* Plans and asks the checks, until they have nothing against the plan. */
static int make_plan(struct rebalance *r, struct err *err)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		plan_clear(&r->plan);
		plan_make(&r->problem.plan, &r->plan);
		batch_of_plan(r, "check", true);
		if (!r->batch.n)
			return 0;
		batch_run(&r->batch);
		if (move_cancelled)
			return err_set(err, EXIT_FAILED, "stopped by a signal");
		for (size_t i = 0; i < r->batch.n; i++)
			learn(r, &r->batch.rows[i]);
	}
	return err_set(err, EXIT_REFUSED, "the checks refuse every plan; the last: %s",
		       r->passed_over.n ? r->passed_over.v[r->passed_over.n - 1] : "?");
}

/* ---- what is told ---- */

static const char *const by_words[] = {"memory", "pressure", "count"};

/* Loads as they are read: a share, or a number. */
static double shown(const struct rebalance *r, double load)
{
	return r->by == BY_PRESSURE ? load / 100 : load;
}

static json_t *hosts_json(const struct rebalance *r)
{
	json_t *list = json_array();

	for (size_t h = 0; h < r->problem.plan.n_hosts; h++)
		json_array_append_new(list,
				      json_pack("{s:s, s:f, s:f, s:i}", "host", host_name(r, h),
						"before", shown(r, r->plan.before[h]), "after",
						shown(r, r->plan.after[h]), "containers",
						(int)fleet_count(&r->fleet, host_name(r, h))));
	return list;
}

/* Of the moves, and of what was left out of the plan. */
static json_t *names_json(const struct rebalance *r, enum batch_outcome outcome,
			  const struct argv *left)
{
	json_t *list = batch_report_names(r->batch.rows, r->batch.n, outcome);
	json_t *more = batch_report_words(left);

	(void)json_array_extend(list, more);
	json_decref(more);
	return list;
}

static json_t *moves_json(const struct rebalance *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->plan.n; i++) {
		const struct plan_move *m = &r->plan.moves[i];
		const struct container *c = container_of(r, m);
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:I}", "container", c->name,
						"source", host_name(r, m->from), "destination",
						host_name(r, m->to), "memory_bytes",
						(json_int_t)(c->memory > 0 ? c->memory : 0)));
	}
	return list;
}

static void print_plan_json(const struct rebalance *r)
{
	ui_json(r->app->ui,
		json_pack("{s:s, s:s, s:f, s:f, s:f, s:i, s:o, s:o, s:o}", "event", "plan", "by",
			  by_words[r->by], "threshold", r->problem.plan.threshold, "mean",
			  shown(r, r->plan.mean), "limit", shown(r, r->plan.limit), "above",
			  (int)r->plan.above, "hosts", hosts_json(r), "moves", moves_json(r),
			  "passed_over", batch_report_words(&r->passed_over)));
}

static void print_moves(const struct rebalance *r)
{
	struct ui_table *table =
		ui_table_new((const char *const[]){"CONTAINER", "FROM", "TO", "MEMORY", NULL});

	for (size_t i = 0; i < r->plan.n; i++) {
		const struct plan_move *m = &r->plan.moves[i];
		const struct container *c = container_of(r, m);
		char memory[16] = "-";
		if (c->memory >= 0)
			ui_bytes(memory, (unsigned long long)c->memory);
		ui_table_row(table, (const char *const[]){c->name, host_name(r, m->from),
							  host_name(r, m->to), memory});
	}
	ui_table_print(r->app->ui, table);
	ui_print(r->app->ui, "\n");
}

static void print_bars(const struct rebalance *r)
{
	CLEANUP_BUF struct buf text = {0};
	size_t n = r->problem.plan.n_hosts;
	struct bar *bars = mem_new(n, sizeof(*bars));
	unsigned width = terminal_width(1);

	for (size_t h = 0; h < n; h++)
		bars[h] = (struct bar){host_name(r, h), shown(r, r->plan.before[h]),
				       shown(r, r->plan.after[h])};
	bars_draw(bars, n, shown(r, r->plan.limit), r->by != BY_COUNT,
		  width < WIDTH_MAX ? width : WIDTH_MAX, terminal_is_utf8(), &text);
	ui_print(r->app->ui, "%s", buf_str(&text));
	free(bars);
}

static void print_plan(const struct rebalance *r)
{
	struct ui *ui = r->app->ui;

	if (ui_is_json(ui)) {
		print_plan_json(r);
		return;
	}
	for (size_t i = 0; i < r->passed_over.n; i++)
		event_note(r->app->events, "%s", r->passed_over.v[i]);
	if (ui_is_quiet(ui))
		return;
	if (r->plan.n)
		print_moves(r);
	print_bars(r);
	if (r->plan.above)
		ui_print(ui, "%zu host%s above the limit%s\n", r->plan.above,
			 r->plan.above == 1 ? " stays" : "s stay",
			 r->plan.n && r->plan.n == r->problem.plan.max_moves
				 ? ": more moves are for another run"
			 : r->passed_over.n ? ": nothing else that may be moved fits elsewhere"
					    : ": nothing that may be moved fits elsewhere");
	else if (!r->plan.n)
		ui_print(ui, "nothing to do: no host is above the limit\n");
}

static size_t count_failed(const struct rebalance *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->batch.n; i++)
		n += batch_is_failure(r->batch.rows[i].outcome);
	return n;
}

static void print_summary_json(const struct rebalance *r, int code)
{
	const struct batch *b = &r->batch;

	ui_json(r->app->ui,
		json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:i, s:b, s:f, s:i}", "event",
			  "summary", "command", "rebalance", "by", by_words[r->by], "moved",
			  (int)batch_count(b, BATCH_MOVED), "failed", (int)count_failed(r), "busy",
			  names_json(r, BATCH_BUSY, &r->busy), "gone",
			  names_json(r, BATCH_GONE, &r->gone), "not_begun",
			  batch_report_names(b->rows, b->n, BATCH_WAITING), "above",
			  (int)r->plan.above, "stopped", b->stopped, "total_ms",
			  batch_report_ms(r->start_us), "exit_code", code));
}

/* Not well: a host stays above the limit, nothing was moved, and the checks are why. */
static int blocked(const struct rebalance *r, struct err *err)
{
	if (r->plan.n || !r->plan.above || !r->refused)
		return EXIT_DONE;
	return err_set(err, EXIT_SOME,
		       "%zu host%s above the limit, the checks refuse every move; %s",
		       r->plan.above, r->plan.above == 1 ? " stays" : "s stay",
		       r->passed_over.v[r->passed_over.n - 1]);
}

static int conclude(const struct rebalance *r, struct err *err)
{
	const struct batch *b = &r->batch;
	CLEANUP_FREE char *failures = batch_report_failures(b->rows, b->n);
	size_t waiting = batch_count(b, BATCH_WAITING), moved = batch_count(b, BATCH_MOVED);
	struct err stays = ERR_INIT;
	bool is_blocked = blocked(r, &stays) < 0;
	int code = *failures || waiting || is_blocked ? EXIT_SOME : EXIT_DONE;
	char took[32];

	if (b->n)
		batch_report_all(r->app, b->rows, b->n);
	if (ui_is_json(r->app->ui))
		print_summary_json(r, code);
	if (is_blocked) {
		*err = stays;
		return -1;
	}
	if (code != EXIT_DONE)
		return err_set(err, EXIT_SOME, "%zu of %zu moved%s; %s", moved, b->n,
			       waiting ? ", stopped by a signal" : "", failures);
	timeline_ms(took, (double)(clock_now_us() - r->start_us) / 1000);
	if (b->n && !ui_is_quiet(r->app->ui))
		ui_print(r->app->ui, "rebalanced: %zu of %zu moved in %s\n", moved, b->n, took);
	return EXIT_DONE;
}

/* ---- the command ---- */

static void report(void *ctx, size_t row)
{
	struct rebalance *r = ctx;

	batch_report_move(r->app, &r->batch.rows[row]);
}

static int rebalance(struct rebalance *r, struct err *err)
{
	if (gather(r, err) < 0 || make_plan(r, err) < 0)
		return -1;
	if (r->opts->dry_run || !r->plan.n || ui_is_json(r->app->ui))
		print_plan(r);
	batch_of_plan(r, "move", false);
	if (r->opts->dry_run)
		return EXIT_DONE;
	if (r->plan.n) {
		r->batch.ways = (struct batch_ways){.report = report, .ctx = r};
		batch_run(&r->batch);
	}
	return conclude(r, err);
}

static void rebalance_clear(struct rebalance *r)
{
	batch_clear(r);
	plan_clear(&r->plan);
	fleet_problem_clear(&r->problem);
	fleet_clear(&r->fleet);
	argv_clear(&r->passed_over);
	argv_clear(&r->busy);
	argv_clear(&r->gone);
	argv_clear(&r->options);
	free(r->approved);
}

static int rebalance_run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	__attribute__((cleanup(rebalance_clear))) struct rebalance r = {
		.app = app, .opts = base, .start_us = clock_now_us()};

	(void)args;
	if (read_opts(&r, err) < 0 || batch_skip_checks(&r.opts->skip_checks, &r.options, err) < 0)
		return -1;
	signals_watch();
	ui_wait(app->ui, "asking the hosts");
	return rebalance(&r, err);
}

#define ROW(member, name, kind, arg, help)                                                         \
	OPT(struct rebalance_opts, member, name, 0, kind, arg, help)

static const struct opt table[] = {
	{.name = "by",
	 .kind = OPT_STRING,
	 .offset = offsetof(struct rebalance_opts, by),
	 .arg = "WHAT",
	 .help = "what is made alike (memory)",
	 .choices = "memory|pressure|count"},
	ROW(threshold, "threshold", OPT_STRING, "SHARE",
	    "how far above the mean a host may be (0.2)"),
	ROW(max_moves, "max-moves", OPT_COUNT, "N", "at most so many moves (4)"),
	ROW(parallel, "parallel", OPT_COUNT, "N", "moves out of and into a host at once (2)"),
	ROW(skip_checks, "skip-check", OPT_STRINGS, "ID[,ID]", "leave checks out; repeatable"),
	ROW(dry_run, "dry-run", OPT_FLAG, NULL, "show the plan, move nothing"),
	{.name = NULL},
};

const struct verb verb_rebalance = {
	.name = "rebalance",
	.synopsis = "[OPTIONS]",
	.summary = "move containers so that no host has much more than others",
	.details =
		"Asks every host of the configuration what it carries and makes the fewest moves\n"
		"after which none is further above the mean than the threshold, small containers\n"
		"first. Nothing is moved twice, to a host that its checks refuse, or against\n"
		"the annotation org.cmigrate.pin. With --quiet it is made for cron: no word and\n"
		"exit code 0 when there is nothing to do or all went well, 8 when moves failed.",
	.opts = table,
	.opts_size = sizeof(struct rebalance_opts),
	.acts = true,
	.max_args = 0,
	.run = rebalance_run,
};
