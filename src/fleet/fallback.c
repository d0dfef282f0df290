/* SPDX-License-Identifier: MIT */
#include "fallback.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/move/move.h"
#include "departures.h"

/* The default of `stop`, and what it needs besides. */
#define STOP_SECONDS 10
#define KILL_SECONDS 2

/* It is tried to the end: whatever goes down with the host is lost anyway. */
static bool late(void *ctx, size_t row, bool running, struct err *why)
{
	const struct drain *d = ctx;

	(void)row;
	(void)running;
	if (!deadline_passed(d->within.deadline_us))
		return false;
	(void)err_set(why, EXIT_FAILED, "%s: no time left to %s it", d->host,
		      fallback_words[d->within.fallback]);
	return true;
}

static const char *how(const struct drain *d)
{
	return d->within.fallback == FALLBACK_STOP ? LEFT_STOPPED : LEFT_CHECKPOINTED;
}

static void begun(void *ctx, size_t row)
{
	struct drain *d = ctx;

	departures_note(d, &d->batch.rows[row], how(d));
}

static void ended(void *ctx, size_t row, bool done)
{
	struct drain *d = ctx;

	if (!done)
		departures_take_back(d, &d->batch.rows[row]);
}

static void report(void *ctx, size_t row)
{
	struct drain *d = ctx;

	d->caller->report(d->caller->ui, &d->batch.rows[row]);
}

/* Small ones first: most of them are done if the time is too short for all. */
static int by_memory(const void *a, const void *b)
{
	const struct batch_move *x = a, *y = b;

	if (x->memory != y->memory)
		return x->memory < y->memory ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void add_row(struct drain *d, const struct container *c)
{
	if (strcmp(c->host, d->host) != 0 || !container_lives(c) || argv_has(&d->exclude, c->name))
		return;
	d->batch.rows[d->batch.n++] =
		(struct batch_move){.name = str_dup(c->name),
				    .from = str_dup(d->host),
				    .verb = fallback_words[d->within.fallback],
				    .memory = c->memory > 0 ? (uint64_t)c->memory : 0};
}

/* The row of the move shows the result, and the reason of the fallback. */
static void take_result(struct drain *d, struct batch_move *m)
{
	for (size_t i = 0; i < d->n; i++) {
		struct batch_move *moved = &d->rows[i];
		if (strcmp(moved->name, m->name) != 0)
			continue;
		moved->outcome = m->outcome;
		moved->exit_code = m->exit_code;
		str_set(&moved->to, NULL);
		if (m->error)
			str_set(&moved->error, m->error);
		batch_move_clear(m);
		return;
	}
	d->rows = mem_grow(d->rows, d->n + 1, sizeof(*d->rows));
	d->rows[d->n++] = *m;
}

/* SIGKILL comes before the end, even if there is less time than a program usually gets. */
static void set_grace(const struct drain *d, struct argv *ret)
{
	int64_t left = (d->within.deadline_us - clock_now_us()) / 1000000 - KILL_SECONDS;

	if (d->within.fallback != FALLBACK_STOP)
		return;
	argv_add(ret, "--timeout");
	argv_addf(ret, "%d", left < 0 ? 0 : left < STOP_SECONDS ? (int)left : STOP_SECONDS);
}

void fallback_run(struct drain *d)
{
	const struct containers *all = &d->fleet.containers;
	CLEANUP_ARGV struct argv options = {0};

	set_grace(d, &options);

	d->batch = (struct batch){
		.caller = d->caller,
		.rows = mem_new(all->n, sizeof(*d->batch.rows)),
		.options = &options,
		.parallel = d->within.parallel,
		.ways = {.late = late, .begun = begun, .ended = ended, .report = report, .ctx = d}};
	for (size_t i = 0; i < all->n; i++)
		add_row(d, &all->rows[i]);
	if (d->batch.n) {
		qsort(d->batch.rows, d->batch.n, sizeof(*d->batch.rows), by_memory);
		batch_run(&d->batch);
	}
	for (size_t i = 0; i < d->batch.n; i++)
		take_result(d, &d->batch.rows[i]);
	free(d->batch.rows);
	d->batch = (struct batch){0};
}
