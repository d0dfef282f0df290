/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/ask.h"
#include "cmigrate/batch.h"
#include "cmigrate/batch_report.h"
#include "cmigrate/cmd.h"
#include "cmigrate/config.h"
#include "cmigrate/deadline.h"
#include "cmigrate/destination.h"
#include "cmigrate/fleet.h"
#include "cmigrate/move.h"
#include "cmigrate/signals.h"
#include "cmigrate/suggest.h"
#include "cmigrate/timeline.h"
#include "cmigrate/ui.h"

/* How long to wait for a move that another cmigrate makes of a container. */
#define BUSY_MS 60000
/* A host that is given containers all the time is not to keep this going for ever. */
#define ROUNDS_MAX 5
#define PARALLEL_MAX 64
/* Each of them freezes the container: one that fails on two hosts is likely to fail on a third. */
#define ATTEMPTS_MAX 2

struct drain_opts {
	struct argv to, exclude, skip_checks;
	unsigned parallel;
	char *on_error;
	bool include_pinned, dry_run;
};

struct drain {
	struct app *app;
	const struct drain_opts *opts;
	const char *host;
	struct argv to, exclude; /* word by word */
	struct argv options;	 /* of each move */
	struct batch_move *rows; /* of the rounds that are over */
	size_t n;
	struct argv pinned, left;
	bool unknown; /* in the end nobody could be asked what is left */
	bool stopped;
	int64_t start_us;
	/* of this round */
	struct fleet fleet;
	struct batch batch;
	struct destination *hosts;
	size_t n_hosts;
	bool *refused; /* of row i by host h at [i * n_hosts + h] */
	unsigned *undone;
	bool source_lost;
};

static void split(const struct argv *lists, struct argv *ret)
{
	for (size_t i = 0; i < lists->n; i++) {
		CLEANUP_FREE char *copy = str_dup(lists->v[i]);
		char *save = NULL;
		for (char *word = strtok_r(copy, ", ", &save); word;
		     word = strtok_r(NULL, ", ", &save))
			argv_add(ret, word);
	}
}

/* ---- where to ---- */

static int choose(void *ctx, size_t row, struct err *err)
{
	struct drain *d = ctx;
	struct batch_move *m = &d->batch.rows[row];
	unsigned parallel = d->opts->parallel ? d->opts->parallel : BATCH_PARALLEL;

	if (d->source_lost)
		return err_set(err, EXIT_FAILED, "%s does not answer any more", d->host);
	for (size_t h = 0; h < d->n_hosts; h++)
		d->hosts[h].refused = d->refused[row * d->n_hosts + h];
	int at = destination_choose(d->hosts, d->n_hosts, m->memory, parallel);
	if (at == DESTINATION_LATER)
		return 1;
	if (at == DESTINATION_NONE)
		return err_set(err, EXIT_REFUSED, "%s",
			       d->n_hosts ? "no host has room for it" : "no other host answers");
	str_set(&m->to, d->hosts[at].name);
	return 0;
}

static struct destination *destination_of(struct drain *d, size_t row)
{
	size_t h = 0;

	while (strcmp(d->hosts[h].name, d->batch.rows[row].to) != 0)
		h++;
	return &d->hosts[h];
}

static void begun(void *ctx, size_t row)
{
	struct drain *d = ctx;
	struct destination *to = destination_of(d, row);

	to->n_moving++;
	to->n_planned++;
	to->planned += d->batch.rows[row].memory;
}

static void ended(void *ctx, size_t row, bool moved)
{
	struct drain *d = ctx;
	struct destination *to = destination_of(d, row);

	to->n_moving--;
	if (moved)
		return;
	to->n_planned--;
	to->planned -= d->batch.rows[row].memory;
}

static bool refused(void *ctx, size_t row, const char *reason)
{
	struct drain *d = ctx;
	const char *to = d->batch.rows[row].to;
	size_t h = (size_t)(destination_of(d, row) - d->hosts);

	d->refused[row * d->n_hosts + h] = true;
	if (d->batch.rows[row].outcome == BATCH_UNDONE) {
		d->hosts[h].n_failed++;
		return ++d->undone[row] < ATTEMPTS_MAX;
	}
	/* Each further attempt would cost its deadline. */
	for (size_t i = 0; destination_is_silent(reason, to) && i < d->batch.n; i++)
		d->refused[i * d->n_hosts + h] = true;
	if (destination_is_silent(reason, d->host))
		d->source_lost = true;
	return !d->source_lost && !destination_refusal_is_final(reason);
}

static void report(void *ctx, size_t row)
{
	struct drain *d = ctx;

	batch_report_move(d->app, &d->batch.rows[row]);
}

/* ---- one round ---- */

/* The host first: what it has is what this is about. */
static int look(struct drain *d, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};
	const struct config *config = d->app->config;

	argv_add(&names, d->host);
	for (size_t i = 0; i < config->n_hosts; i++) {
		const char *name = config->hosts[i].name;
		if (strcmp(name, d->host) != 0 && (!d->to.n || argv_has(&d->to, name)))
			argv_add(&names, name);
	}
	fleet_clear(&d->fleet);
	if (fleet_ask(config, &names, d->app->events, &d->fleet, err) < 0)
		return -1;
	if (d->fleet.hosts[0].answers)
		return 0;
	*err = d->fleet.hosts[0].err;
	return -1;
}

static bool was_tried(const struct drain *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->rows[i].name, name) == 0)
			return true;
	return false;
}

/*
 * Small ones first: most of the services are off the host soon, whatever becomes of the rest, and
 * the memory that they leave is there for the dumps of the large ones.
 */
static int by_memory(const void *a, const void *b)
{
	const struct batch_move *x = a, *y = b;

	if (x->memory != y->memory)
		return x->memory < y->memory ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void take(struct drain *d, const struct container *c)
{
	struct batch_move *m;

	if (strcmp(c->host, d->host) != 0 || !container_lives(c) || argv_has(&d->exclude, c->name))
		return;
	if (c->pinned && !d->opts->include_pinned) {
		if (!argv_has(&d->pinned, c->name))
			argv_add(&d->pinned, c->name);
		return;
	}
	if (was_tried(d, c->name))
		return;
	m = &d->batch.rows[d->batch.n++];
	m->name = str_dup(c->name);
	m->from = str_dup(d->host);
	m->memory = c->memory > 0 ? (uint64_t)c->memory : 0;
}

static void round_init(struct drain *d)
{
	const struct fleet *f = &d->fleet;

	d->batch = (struct batch){
		.app = d->app,
		.verb = d->opts->dry_run ? "check" : "move",
		.rows = mem_new(f->containers.n, sizeof(*d->batch.rows)),
		.options = &d->options,
		.parallel = d->opts->parallel,
		.busy_ms = BUSY_MS,
		.stop_on_error = d->opts->on_error && strcmp(d->opts->on_error, "stop") == 0,
		.ways = {choose, refused, begun, ended, d->opts->dry_run ? NULL : report, d}};
	argv_clear(&d->pinned);
	for (size_t i = 0; i < f->containers.n; i++)
		take(d, &f->containers.rows[i]);
	if (d->batch.n)
		qsort(d->batch.rows, d->batch.n, sizeof(*d->batch.rows), by_memory);
	d->hosts = mem_new(f->n_hosts, sizeof(*d->hosts));
	d->n_hosts = 0;
	for (size_t h = 1; h < f->n_hosts; h++)
		if (f->hosts[h].answers)
			d->hosts[d->n_hosts++] =
				(struct destination){.name = f->hosts[h].name,
						     .capacity = f->hosts[h].capacity,
						     .available = f->hosts[h].available,
						     .n_carried = fleet_count(f, f->hosts[h].name)};
	d->refused = mem_new(d->batch.n * d->n_hosts, sizeof(*d->refused));
	d->undone = mem_new(d->batch.n, sizeof(*d->undone));
}

static void round_end(struct drain *d)
{
	d->stopped = d->batch.stopped;
	d->rows = mem_grow(d->rows, d->n + d->batch.n, sizeof(*d->rows));
	if (d->batch.n)
		memcpy(d->rows + d->n, d->batch.rows, d->batch.n * sizeof(*d->rows));
	d->n += d->batch.n;
	free(d->batch.rows);
	free(d->hosts);
	free(d->refused);
	free(d->undone);
}

static bool is_somewhere(const struct drain *d, const char *name)
{
	const struct containers *all = &d->fleet.containers;

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->rows[i].name, name) == 0)
			return true;
	return false;
}

/* What was to stay and is misspelt would be moved. */
static void note_unknown_excluded(const struct drain *d)
{
	const struct containers *all = &d->fleet.containers;
	const char **known = mem_new(all->n + 1, sizeof(*known));

	for (size_t i = 0; i < all->n; i++)
		known[i] = all->rows[i].name;
	for (size_t i = 0; i < d->exclude.n; i++) {
		const char *name = d->exclude.v[i], *near = suggest(name, known);
		if (!is_somewhere(d, name))
			event_note(d->app->events, "--exclude: no host has a container '%s'%s%s%s",
				   name, near ? "; did you mean '" : "", near ? near : "",
				   near ? "'?" : "");
	}
	free(known);
}

/* The host is looked at until nothing new is found on it: the last look says what is left. */
static int run_rounds(struct drain *d, struct err *err)
{
	if (look(d, err) < 0) {
		err->code = EXIT_REFUSED;
		return -1;
	}
	CLEANUP_FREE char *silent = fleet_silent(&d->fleet);
	note_unknown_excluded(d);
	if (*silent)
		event_note(d->app->events, "left out: %s", silent);
	for (int round = 0; round < (d->opts->dry_run ? 1 : ROUNDS_MAX) && !d->stopped; round++) {
		struct err ignored = ERR_INIT;
		round_init(d);
		size_t n = d->batch.n;
		if (n && !move_cancelled)
			batch_run(&d->batch);
		round_end(d);
		if (!n || d->opts->dry_run)
			break;
		d->unknown = look(d, &ignored) < 0;
		if (d->unknown)
			break;
	}
	return 0;
}

/* ---- what came of it ---- */

static void find_left(struct drain *d)
{
	const struct containers *all = &d->fleet.containers;

	for (size_t i = 0; !d->unknown && i < all->n; i++)
		if (strcmp(all->rows[i].host, d->host) == 0 && container_lives(&all->rows[i]) &&
		    !argv_has(&d->exclude, all->rows[i].name))
			argv_add(&d->left, all->rows[i].name);
}

static size_t count(const struct drain *d, enum batch_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->rows[i].outcome == outcome;
	return n;
}

static size_t count_failed(const struct drain *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += batch_is_failure(d->rows[i].outcome);
	return n;
}

static json_t *words_json(const struct argv *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->n; i++)
		json_array_append_new(list, json_string(words->v[i]));
	return list;
}

static void print_json(const struct drain *d, int code)
{
	ui_json(d->app->ui,
		json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:b, s:f, s:i}",
			  "event", "summary", "command", "drain", "host", d->host, "moved",
			  (int)count(d, BATCH_MOVED), "failed", (int)count_failed(d), "busy",
			  batch_report_names(d->rows, d->n, BATCH_BUSY), "gone",
			  batch_report_names(d->rows, d->n, BATCH_GONE), "not_begun",
			  batch_report_names(d->rows, d->n, BATCH_WAITING), "pinned",
			  words_json(&d->pinned), "left",
			  d->unknown ? json_null() : words_json(&d->left), "stopped", d->stopped,
			  "total_ms", batch_report_ms(d->start_us), "exit_code", code));
}

static const char *why_left(const struct drain *d, const char *name)
{
	if (argv_has(&d->pinned, name))
		return "pinned";
	for (size_t i = d->n; i > 0; i--)
		if (strcmp(d->rows[i - 1].name, name) == 0)
			return batch_word(d->rows[i - 1].outcome);
	return "came meanwhile";
}

/* Every one that is left by name, and what failed without being left. */
static int fail(const struct drain *d, struct err *err)
{
	CLEANUP_BUF struct buf names = {0};

	for (size_t i = 0; i < d->left.n; i++)
		buf_printf(&names, "%s'%s' (%s)", names.len ? ", " : "", d->left.v[i],
			   why_left(d, d->left.v[i]));
	for (size_t i = 0; i < d->n; i++)
		if (batch_is_failure(d->rows[i].outcome) && !argv_has(&d->left, d->rows[i].name))
			buf_printf(&names, "%s'%s' (%s)", names.len ? ", " : "", d->rows[i].name,
				   batch_word(d->rows[i].outcome));
	(void)err_set(err, EXIT_SOME, "%s is not drained: %zu moved; %s%s", d->host,
		      count(d, BATCH_MOVED),
		      d->stopped && move_cancelled ? "stopped by a signal; " : "", buf_str(&names));
	return d->unknown ? err_append(err, "what is left there can't be asked") : -1;
}

static void print_plan_json(const struct drain *d)
{
	json_t *moves = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct batch_move *m = &d->rows[i];
		bool moves_there = m->outcome == BATCH_MOVED;
		json_array_append_new(moves, json_pack("{s:s, s:s, s:s?, s:I, s:s?}", "container",
						       m->name, "source", m->from, "destination",
						       moves_there ? m->to : NULL, "memory_bytes",
						       (json_int_t)m->memory, "error",
						       moves_there ? NULL : m->error));
	}
	ui_json(d->app->ui,
		json_pack("{s:s, s:s, s:s, s:o, s:o}", "event", "plan", "command", "drain", "host",
			  d->host, "moves", moves, "pinned", words_json(&d->pinned)));
}

static void print_plan(const struct drain *d)
{
	struct ui_table *table =
		ui_table_new((const char *const[]){"CONTAINER", "FROM", "TO", "MEMORY", "", NULL});

	for (size_t i = 0; i < d->n; i++) {
		const struct batch_move *m = &d->rows[i];
		bool moves_there = m->outcome == BATCH_MOVED;
		char memory[16];
		ui_bytes(memory, m->memory);
		ui_table_row(table, (const char *const[]){
					    m->name, m->from, moves_there ? m->to : "-", memory,
					    moves_there || !m->error ? "" : m->error});
	}
	for (size_t i = 0; i < d->pinned.n; i++)
		ui_table_row(table,
			     (const char *const[]){d->pinned.v[i], d->host, "-", "-", "pinned"});
	ui_table_print(d->app->ui, table);
}

/* What a drain would do, if nothing changes until then; of what stays by name. */
static int conclude_plan(const struct drain *d, struct err *err)
{
	size_t stay = d->n - count(d, BATCH_MOVED) + d->pinned.n;

	if (ui_is_json(d->app->ui))
		print_plan_json(d);
	else if (!ui_is_quiet(d->app->ui))
		print_plan(d);
	return stay ? err_set(err, EXIT_SOME, "%zu of %zu would stay on %s", stay,
			      d->n + d->pinned.n, d->host)
		    : EXIT_DONE;
}

static int conclude(struct drain *d, struct err *err)
{
	char took[32];

	find_left(d);
	int code = d->left.n || d->unknown || count_failed(d) ? EXIT_SOME : EXIT_DONE;
	batch_report_all(d->app, d->rows, d->n);
	if (ui_is_json(d->app->ui))
		print_json(d, code);
	if (code != EXIT_DONE)
		return fail(d, err);
	timeline_ms(took, (double)(clock_now_us() - d->start_us) / 1000);
	if (!ui_is_quiet(d->app->ui))
		ui_print(d->app->ui, "drained %s: %zu moved in %s\n", d->host,
			 count(d, BATCH_MOVED), took);
	return EXIT_DONE;
}

static int check_opts(const struct drain *d, struct err *err)
{
	const struct config *config = d->app->config;

	if (d->opts->parallel > PARALLEL_MAX)
		return err_set(err, EXIT_USAGE, "--parallel: at most %d", PARALLEL_MAX);
	if (config_need_hosts(config, 2, err) < 0)
		return -1;
	if (!config_find(config, d->host))
		return err_set(err, EXIT_USAGE, "no host '%s' in the configuration", d->host);
	for (size_t i = 0; i < d->to.n; i++) {
		if (!config_find(config, d->to.v[i]))
			return err_set(err, EXIT_USAGE, "--to: no host '%s' in the configuration",
				       d->to.v[i]);
		if (strcmp(d->to.v[i], d->host) == 0)
			return err_set(err, EXIT_USAGE, "--to: %s is what is to be drained",
				       d->host);
	}
	return 0;
}

static void drain_clear(struct drain *d)
{
	for (size_t i = 0; i < d->n; i++)
		batch_move_clear(&d->rows[i]);
	free(d->rows);
	argv_clear(&d->to);
	argv_clear(&d->exclude);
	argv_clear(&d->options);
	argv_clear(&d->pinned);
	argv_clear(&d->left);
	fleet_clear(&d->fleet);
}

static int drain_run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	__attribute__((cleanup(drain_clear))) struct drain d = {
		.app = app, .opts = base, .host = args->v[0], .start_us = clock_now_us()};

	split(&d.opts->to, &d.to);
	split(&d.opts->exclude, &d.exclude);
	if (check_opts(&d, err) < 0 || batch_skip_checks(&d.opts->skip_checks, &d.options, err) < 0)
		return -1;
	signals_watch();
	ui_wait(app->ui, "asking the hosts");
	if (run_rounds(&d, err) < 0)
		return -1;
	return d.opts->dry_run ? conclude_plan(&d, err) : conclude(&d, err);
}

#define ROW(member, name, kind, arg, help) OPT(struct drain_opts, member, name, 0, kind, arg, help)

static const struct opt table[] = {
	ROW(to, "to", OPT_STRINGS, "HOST[,HOST]", "only to these; repeatable"),
	ROW(exclude, "exclude", OPT_STRINGS, "NAME[,NAME]", "leave these there; repeatable"),
	ROW(parallel, "parallel", OPT_COUNT, "N", "moves out of and into a host at once (2)"),
	{.name = "on-error",
	 .kind = OPT_STRING,
	 .offset = offsetof(struct drain_opts, on_error),
	 .arg = "WHAT",
	 .help = "when a move fails: begin no other, or go on (continue)",
	 .choices = "stop|continue"},
	ROW(skip_checks, "skip-check", OPT_STRINGS, "ID[,ID]", "leave checks out; repeatable"),
	ROW(dry_run, "dry-run", OPT_FLAG, NULL, "make the checks, show what would go where"),
	ROW(include_pinned, "include-pinned", OPT_FLAG, NULL,
	    "move also what org.cmigrate.pin keeps where it is"),
	{.name = NULL},
};

const struct verb verb_drain = {
	.name = "drain",
	.synopsis = "[OPTIONS] HOST",
	.summary = "move everything on a host to the other hosts",
	.details =
		"Small containers first, each to the host with the most memory left. A host that\n"
		"refuses one is passed over for it. A second run goes on with what is left.\n"
		"Exit code 0 when nothing is left but what --exclude names, 8 when something\n"
		"is, each by name.",
	.opts = table,
	.opts_size = sizeof(struct drain_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = drain_run,
};
