/* SPDX-License-Identifier: MIT */
#include "drain_time.h"

#include <string.h>

#include "cmigrate/base/deadline.h"

/* An undone move has taken less. */
#define UNDO_MS 3000

int drain_time_order(const void *a, const void *b)
{
	const struct batch_move *x = a, *y = b;

	if (x->predicted_ms > y->predicted_ms || x->predicted_ms < y->predicted_ms)
		return x->predicted_ms > y->predicted_ms ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* By its past moves; if they can't be read, by its memory. */
static double predict(struct drain *d, const struct batch_move *m)
{
	CLEANUP_FREE char *dir = str_fmt("%s/%s", d->caller->config->bundle_root, m->name);
	CLEANUP_HISTORY struct history past = {0};
	struct state_dir at = {0};
	struct err unread = ERR_INIT;

	if (bundle_root_reach(&d->root, d->caller->config, d->caller->events, &unread) == 0) {
		state_dir_init(&at, d->root.host, dir);
		(void)history_load(&at, m->name, &past, &unread);
		state_dir_clear(&at);
	}
	return within_move_ms(&past, m->memory);
}

/* Every container of the host takes time in the end, whether it may be moved or not. */
void drain_time_plan(struct drain *d)
{
	const struct containers *all = &d->fleet.containers;

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->rows[i].host, d->host) == 0 && container_lives(&all->rows[i]) &&
		    !argv_has(&d->exclude, all->rows[i].name))
			within_add(&d->within,
				   all->rows[i].memory > 0 ? (uint64_t)all->rows[i].memory : 0);
	for (size_t i = 0; i < d->batch.n; i++)
		d->batch.rows[i].predicted_ms = predict(d, &d->batch.rows[i]);
}

/* A move that runs needs the time to be undone. */
bool drain_time_late(void *ctx, size_t row, bool running, struct err *why)
{
	const struct drain *d = ctx;
	double ms = running ? UNDO_MS : d->batch.rows[row].predicted_ms;

	if (within_fits(&d->within, clock_now_us(), ms))
		return false;
	(void)err_set(why, EXIT_FAILED, "no time left to move it: that takes about %.0f s",
		      d->batch.rows[row].predicted_ms / 1000);
	return true;
}
