/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/drain.h"

#include <stdlib.h>
#include <string.h>

#include "arrivals.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/base/suggest.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/move.h"
#include "departures.h"
#include "drain_rules.h"
#include "drain_time.h"
#include "fallback.h"

/* How long to wait for another cmigrate that moves a container. */
#define BUSY_MS 60000
/* Between two looks at a host that a container is on its way to. */
#define LOOK_MS 1000
/* Ends a drain of a host that keeps getting new containers. */
#define ROUNDS_MAX 5
/*
 * Each attempt freezes the container. A move that fails on two hosts is likely to fail on a third.
 */
#define ATTEMPTS_MAX 2

/* ---- where to ---- */

static int choose(void *ctx, size_t row, struct err *err)
{
	struct drain *d = ctx;
	struct batch_move *m = &d->batch.rows[row];
	unsigned parallel = d->opts->parallel ? d->opts->parallel : BATCH_PARALLEL;
	enum placement_rule rule;

	if (d->source_lost)
		return err_set(err, EXIT_FAILED, "%s no longer answers", d->host);
	for (size_t h = 0; h < d->n_hosts; h++)
		d->hosts[h].refused = d->refused[row * d->n_hosts + h];
	uint64_t memory = drain_rules_apply(d, row);
	int at = placement_choose(d->hosts, d->n_hosts, memory, parallel, &rule);
	if (at == PLACEMENT_LATER)
		return 1;
	if (at == PLACEMENT_NONE)
		return drain_rules_refuse(d, row, rule, err);
	str_set(&m->to, d->hosts[at].name);
	m->rule = placement_rule_word(rule);
	return 0;
}

static struct placement_host *destination_of(struct drain *d, size_t row)
{
	size_t h = 0;

	while (strcmp(d->hosts[h].name, d->batch.rows[row].to) != 0)
		h++;
	return &d->hosts[h];
}

static void begun(void *ctx, size_t row)
{
	struct drain *d = ctx;
	struct placement_host *to = destination_of(d, row);

	to->n_moving++;
	to->n_planned++;
	to->planned += d->batch.rows[row].memory;
	departures_note(d, &d->batch.rows[row], LEFT_MOVED);
}

static void ended(void *ctx, size_t row, bool moved)
{
	struct drain *d = ctx;
	struct placement_host *to = destination_of(d, row);

	to->n_moving--;
	if (moved) {
		within_remove(&d->within, d->batch.rows[row].memory);
		return;
	}
	departures_take_back(d, &d->batch.rows[row]);
	to->n_planned--;
	to->planned -= d->batch.rows[row].memory;
}

static bool refused(void *ctx, size_t row)
{
	struct drain *d = ctx;
	const struct summary *s = &d->batch.rows[row].summary;
	const char *to = d->batch.rows[row].to;
	size_t h = (size_t)(destination_of(d, row) - d->hosts);

	d->refused[row * d->n_hosts + h] = true;
	if (d->batch.rows[row].outcome == BATCH_UNDONE) {
		d->hosts[h].n_failed++;
		return ++d->undone[row] < ATTEMPTS_MAX;
	}
	/* Each further attempt would cost its deadline. */
	for (size_t i = 0; placement_is_lost(s, to) && i < d->batch.n; i++)
		d->refused[i * d->n_hosts + h] = true;
	if (placement_is_lost(s, d->host))
		d->source_lost = true;
	return !d->source_lost && !placement_refusal_is_final(s);
}

static void report(void *ctx, size_t row)
{
	struct drain *d = ctx;

	d->caller->report(d->caller->ui, &d->batch.rows[row]);
}

/* ---- one round ---- */

/* The host itself comes first in the list. alone: no other is asked. */
static int look(struct drain *d, bool alone, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};
	const struct config *config = d->caller->config;

	argv_add(&names, d->host);
	for (size_t i = 0; !alone && i < config->n_hosts; i++) {
		const char *name = config->hosts[i].name;
		if (strcmp(name, d->host) != 0 && (!d->to.n || argv_has(&d->to, name)))
			argv_add(&names, name);
	}
	fleet_clear(&d->fleet);
	if (fleet_ask(config, &names, d->caller->events, &d->fleet, err) < 0)
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
 * Small containers come first: most services leave the host soon, whatever happens to the rest, and
 * the memory they free helps the dumps of the large ones.
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

static void find_hosts(struct drain *d)
{
	const struct fleet *f = &d->fleet;

	d->hosts = mem_new(f->n_hosts, sizeof(*d->hosts));
	d->n_hosts = 0;
	for (size_t h = 1; h < f->n_hosts; h++)
		if (f->hosts[h].answers &&
		    (d->opts->force || !cordons_find(&f->cordons, f->hosts[h].name)))
			d->hosts[d->n_hosts++] = (struct placement_host){
				.name = f->hosts[h].name,
				.capacity = f->hosts[h].capacity,
				.available = f->hosts[h].available,
				.n_carried = fleet_count(f, f->hosts[h].name)};
}

static void round_init(struct drain *d)
{
	const struct fleet *f = &d->fleet;

	d->batch = (struct batch){
		.caller = d->caller,
		.verb = d->opts->dry_run ? "check" : "move",
		.rows = mem_new(f->containers.n, sizeof(*d->batch.rows)),
		.options = &d->options,
		.parallel = d->opts->parallel,
		.busy_ms = BUSY_MS,
		.stop_on_error = d->opts->on_error && strcmp(d->opts->on_error, "stop") == 0,
		.ways = {choose, refused, NULL, begun, ended, d->opts->dry_run ? NULL : report, d},
		.ear = d->ear};
	argv_clear(&d->pinned);
	for (size_t i = 0; i < f->containers.n; i++)
		take(d, &f->containers.rows[i]);
	bool limited = d->within.deadline_us && !d->opts->dry_run;
	if (limited) {
		d->batch.ways.late = drain_time_late;
		drain_time_plan(d);
	}
	if (d->batch.n)
		qsort(d->batch.rows, d->batch.n, sizeof(*d->batch.rows),
		      limited ? drain_time_order : by_memory);
	find_hosts(d);
	d->refused = mem_new(d->batch.n * d->n_hosts, sizeof(*d->refused));
	d->undone = mem_new(d->batch.n, sizeof(*d->undone));
	d->members = mem_new(f->containers.n, sizeof(*d->members));
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
	free(d->members);
}

static bool is_somewhere(const struct drain *d, const char *name)
{
	const struct containers *all = &d->fleet.containers;

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->rows[i].name, name) == 0)
			return true;
	return false;
}

/* A misspelt name would be moved although it was to stay. */
static void note_unknown_excluded(const struct drain *d)
{
	const struct containers *all = &d->fleet.containers;
	const char **known = mem_new(all->n + 1, sizeof(*known));

	for (size_t i = 0; i < all->n; i++)
		known[i] = all->rows[i].name;
	for (size_t i = 0; i < d->exclude.n; i++) {
		struct err why = ERR_INIT;
		if (is_somewhere(d, d->exclude.v[i]))
			continue;
		(void)err_set(&why, EXIT_USAGE, "--exclude: no host has a container '%s'",
			      d->exclude.v[i]);
		(void)suggest_append(&why, "", d->exclude.v[i], known);
		event_note(d->caller->events, "%s", why.msg);
	}
	free(known);
}

static void find_left(struct drain *d)
{
	const struct containers *all = &d->fleet.containers;

	for (size_t i = 0; !d->unknown && i < all->n; i++)
		if (strcmp(all->rows[i].host, d->host) == 0 && container_lives(&all->rows[i]) &&
		    !argv_has(&d->exclude, all->rows[i].name))
			argv_add(&d->left, all->rows[i].name);
}

static void note_left_out(const struct drain *d)
{
	CLEANUP_FREE char *silent = fleet_silent(&d->fleet);
	CLEANUP_FREE char *cordoned =
		d->opts->force ? str_dup("") : fleet_cordoned(&d->fleet, d->host);

	if (*silent || *cordoned)
		event_note(d->caller->events, "left out: %s%s%s", silent,
			   *silent && *cordoned ? "; " : "", cordoned);
}

/* Hears from now on that no further move is to begin. */
static void listen_to_others(struct drain *d)
{
	if (d->opts->dry_run)
		return;
	CLEANUP_FREE char *batch = batch_of_drain(d->host);
	d->ear = batch_ear_open(d->caller->config, d->host, batch, d->caller->events);
}

/* Looks again after the mark is there: a container may have come just before. */
static int cordon(struct drain *d, struct err *err)
{
	if (d->opts->cordon && !d->opts->dry_run &&
	    (departures_cordon(d, err) < 0 || look(d, false, err) < 0))
		return -1;
	d->marked = cordons_find(&d->fleet.cordons, d->host) != NULL;
	return 0;
}

/*
 * A move that was checked just before the mark was set brings its container all the same: it is
 * waited for, and the container moved on. Returns true if there has to be another round.
 */
static bool wait_for_arrivals(struct drain *d)
{
	int64_t until = deadline_in_ms(BUSY_MS);
	const char *name = NULL;
	struct err ignored = ERR_INIT;
	bool came = false;

	while (d->marked && !d->within.deadline_us && !move_cancelled &&
	       arrivals_expected(d, &name)) {
		if (deadline_passed(until)) {
			event_note(d->caller->events,
				   "a move of '%s' to %s is under way or was interrupted", name,
				   d->host);
			return false;
		}
		came = true;
		clock_sleep_ms(LOOK_MS);
		d->unknown = look(d, false, &ignored) < 0;
		if (d->unknown)
			return false;
	}
	return came;
}

/* Looks at the host until nothing new is found. The last look shows what is left. */
static void make_rounds(struct drain *d)
{
	int rounds = d->opts->dry_run || d->within.deadline_us ? 1 : ROUNDS_MAX;

	for (int round = 0; round < rounds && !d->stopped; round++) {
		struct err ignored = ERR_INIT;
		round_init(d);
		size_t n = d->batch.n;
		if (n && !move_cancelled)
			batch_run(&d->batch);
		round_end(d);
		if (d->opts->dry_run || (!n && !wait_for_arrivals(d)))
			break;
		if (!n)
			continue;
		d->unknown = look(d, d->within.deadline_us != 0, &ignored) < 0;
		if (d->unknown)
			break;
	}
}

int drain_run(struct drain *d, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (look(d, false, err) < 0) {
		err->code = EXIT_REFUSED;
		return -1;
	}
	note_unknown_excluded(d);
	listen_to_others(d);
	note_left_out(d);
	if (cordon(d, err) < 0)
		return -1;
	make_rounds(d);
	if (d->within.deadline_us && d->within.fallback != FALLBACK_LEAVE && !d->unknown &&
	    !d->opts->dry_run && !move_cancelled && !batch_ear_hears(d->ear)) {
		fallback_run(d);
		d->unknown = look(d, true, &ignored) < 0;
	}
	find_left(d);
	return 0;
}

void drain_clear(struct drain *d)
{
	batch_ear_close(d->ear);
	for (size_t i = 0; i < d->n; i++)
		batch_move_clear(&d->rows[i]);
	free(d->rows);
	argv_clear(&d->to);
	argv_clear(&d->exclude);
	argv_clear(&d->options);
	argv_clear(&d->pinned);
	argv_clear(&d->left);
	fleet_clear(&d->fleet);
	bundle_root_clear(&d->root);
	free(d->by);
}
