/* SPDX-License-Identifier: MIT */
#include "departures.h"

#include <string.h>
#include <time.h>

#include "cmigrate/history/record.h"

static int reach(struct drain *d, struct err *err)
{
	return bundle_root_reach(&d->root, d->caller->config, d->caller->events, err);
}

static void set_mark(struct cordon *c, void *ctx)
{
	const struct drain *d = ctx;
	char now[32];

	if (!c->host || c->open) {
		record_time(now, (int64_t)time(NULL));
		str_set(&c->host, d->host);
		str_set(&c->by, d->by);
		str_set(&c->since, now);
		str_set(&c->reason, d->opts->reason);
		c->open = false;
	}
}

int departures_cordon(struct drain *d, struct err *err)
{
	if (reach(d, err) < 0 || cordon_change(&d->root.state, d->host, set_mark, d, err) < 0)
		return -1;
	d->marked = true;
	return 0;
}

struct departure {
	const char *container, *how, *to;
};

/* `uncordon` may have removed the mark meanwhile. */
static void put(struct cordon *c, void *ctx)
{
	const struct departure *left = ctx;

	if (c->host)
		cordon_left_put(c, left->container, left->how, left->to);
}

static void drop(struct cordon *c, void *ctx)
{
	const struct departure *left = ctx;

	if (c->host)
		cordon_left_drop(c, left->container);
}

static void change(struct drain *d, void (*how)(struct cordon *c, void *ctx),
		   struct departure *left)
{
	struct err why = ERR_INIT;

	if (!d->marked || d->opts->dry_run)
		return;
	if (reach(d, &why) < 0 || cordon_change(&d->root.state, d->host, how, left, &why) < 0)
		event_note(d->caller->events,
			   "'uncordon %s --return' won't know that '%s' left: %s", d->host,
			   left->container, why.msg);
}

void departures_note(struct drain *d, const struct batch_move *m, const char *how)
{
	change(d, put,
	       &(struct departure){m->name, how, strcmp(how, LEFT_MOVED) == 0 ? m->to : NULL});
}

void departures_take_back(struct drain *d, const struct batch_move *m)
{
	change(d, drop, &(struct departure){.container = m->name});
}
