/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/uncordon.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/host/ask_all.h"
#include "cmigrate/move/move.h"

/* How long to wait for another cmigrate that moves a container. */
#define BUSY_MS 60000
/* Attempts at one container. */
#define TRIES_MAX 2

/* The host that a container lives on, or NULL. */
static const char *living_on(const struct fleet *fleet, const char *name)
{
	for (size_t i = 0; i < fleet->containers.n; i++) {
		const struct container *c = &fleet->containers.rows[i];
		if (container_lives(c) && strcmp(c->name, name) == 0)
			return c->host;
	}
	return NULL;
}

static bool answers(const struct fleet *fleet, const char *host)
{
	for (size_t i = 0; i < fleet->n_hosts; i++)
		if (strcmp(fleet->hosts[i].name, host) == 0)
			return fleet->hosts[i].answers;
	return false;
}

enum giving uncordon_giving(const struct fleet *fleet, const char *host,
			    const struct cordon_left *left)
{
	const char *at = living_on(fleet, left->container);
	bool moved = strcmp(left->how, LEFT_MOVED) == 0;

	if (at && strcmp(at, host) == 0)
		return GIVE_BACK;
	if (at)
		return moved && strcmp(at, left->to) == 0 ? GIVE_MOVE : GIVE_ALONE;
	if (moved)
		return answers(fleet, left->to) ? GIVE_ALONE : GIVE_UNKNOWN;
	return strcmp(left->how, LEFT_STOPPED) == 0 ? GIVE_START : GIVE_RESTORE;
}

/* ---- changes of the mark ---- */

static void remove_mark(struct cordon *c, void *ctx)
{
	(void)ctx;
	cordon_clear(c);
}

static void open_mark(struct cordon *c, void *ctx)
{
	(void)ctx;
	c->open = c->host != NULL;
}

static void drop(struct cordon *c, void *ctx)
{
	cordon_left_drop(c, ctx);
	/* Another controller may have set it again. */
	if (c->host && c->open && !c->n_left)
		cordon_clear(c);
}

static int change(struct uncordon *u, void (*how)(struct cordon *c, void *ctx), void *ctx,
		  struct err *err)
{
	return cordon_change(&u->root.state, u->host, how, ctx, err);
}

/* It is no longer to be brought back. */
static void forget(struct uncordon *u, char *name)
{
	struct err why = ERR_INIT;

	if (change(u, drop, name, &why) < 0)
		event_note(u->caller->events, "'%s' is still noted as one that left %s: %s", name,
			   u->host, why.msg);
}

/* ---- bringing back ---- */

static void ended(void *ctx, size_t row, bool moved)
{
	struct uncordon *u = ctx;

	if (moved)
		forget(u, u->batch.rows[row].name);
}

/* There is no other host to try; this one may have been busy with the others. */
static bool again(void *ctx, size_t row)
{
	struct uncordon *u = ctx;

	return u->batch.rows[row].outcome != BATCH_REFUSED && ++u->tries[row] < TRIES_MAX;
}

static void report(void *ctx, size_t row)
{
	struct uncordon *u = ctx;

	u->caller->report(u->caller->ui, &u->batch.rows[row]);
}

static uint64_t memory_of(const struct uncordon *u, const char *name)
{
	for (size_t i = 0; i < u->fleet.containers.n; i++) {
		const struct container *c = &u->fleet.containers.rows[i];
		if (strcmp(c->name, name) == 0 && container_lives(c) && c->memory > 0)
			return (uint64_t)c->memory;
	}
	return 0;
}

static void add_row(struct uncordon *u, const struct cordon_left *left, const char *verb)
{
	u->batch.rows[u->batch.n++] =
		(struct batch_move){.name = str_dup(left->container),
				    .from = str_dup(verb ? u->host : left->to),
				    .to = str_dup(u->host),
				    .verb = verb,
				    .memory = memory_of(u, left->container)};
}

static void take(struct uncordon *u, const struct cordon_left *left)
{
	switch (uncordon_giving(&u->fleet, u->host, left)) {
	case GIVE_MOVE:
		add_row(u, left, NULL);
		break;
	case GIVE_RESTORE:
		add_row(u, left, "restore");
		break;
	case GIVE_START:
		add_row(u, left, "run");
		break;
	case GIVE_ALONE:
		argv_add(&u->left_alone, left->container);
		forget(u, left->container);
		break;
	case GIVE_BACK:
		forget(u, left->container);
		break;
	case GIVE_UNKNOWN:
		argv_add(&u->unknown, left->container);
		break;
	}
}

static int look(struct uncordon *u, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};

	ask_all_names(u->caller->config, false, &names);
	if (fleet_ask(u->caller->config, &names, u->caller->events, &u->fleet, err) < 0)
		return -1;
	CLEANUP_FREE char *silent = fleet_silent(&u->fleet);
	if (*silent)
		event_note(u->caller->events, "left out: %s", silent);
	if (answers(&u->fleet, u->host))
		return 0;
	return err_set(err, EXIT_REFUSED,
		       "%s does not answer: nothing was brought back; it is no longer cordoned",
		       u->host);
}

static int give_back(struct uncordon *u, struct err *err)
{
	if (change(u, open_mark, NULL, err) < 0 || look(u, err) < 0)
		return -1;
	u->batch = (struct batch){
		.caller = u->caller,
		.verb = "move",
		.rows = mem_new(u->mark.n_left, sizeof(*u->batch.rows)),
		.options = &u->options,
		.parallel = u->parallel,
		.busy_ms = BUSY_MS,
		.ways = {.refused = again, .ended = ended, .report = report, .ctx = u}};
	u->tries = mem_new(u->mark.n_left, sizeof(*u->tries));
	for (size_t i = 0; i < u->mark.n_left; i++)
		take(u, &u->mark.left[i]);
	/* The name of no container: it removes the file if nothing is left in it. */
	forget(u, "");
	if (u->batch.n && !move_cancelled)
		batch_run(&u->batch);
	return 0;
}

int uncordon_run(struct uncordon *u, struct err *err)
{
	if (bundle_root_reach(&u->root, u->caller->config, u->caller->events, err) < 0 ||
	    cordon_load(&u->root.state, u->host, &u->mark, err) < 0)
		return -1;
	if (!u->mark.host)
		return 0;
	return u->give_back ? give_back(u, err) : change(u, remove_mark, NULL, err);
}

void uncordon_clear(struct uncordon *u)
{
	for (size_t i = 0; i < u->batch.n; i++)
		batch_move_clear(&u->batch.rows[i]);
	free(u->batch.rows);
	free(u->tries);
	cordon_clear(&u->mark);
	argv_clear(&u->options);
	argv_clear(&u->left_alone);
	argv_clear(&u->unknown);
	fleet_clear(&u->fleet);
	bundle_root_clear(&u->root);
}
