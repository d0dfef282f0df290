/* SPDX-License-Identifier: MIT */
/* A checkpoint whose container goes on: its images become a generation (generations.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/container/generations.h"
#include "part.h"
#include "steps.h"

/* The moment of the freeze. Owned by the caller. */
static char *time_frozen(const struct move *move)
{
	struct timespec now;
	struct tm tm;
	char text[32] = "";

	(void)clock_gettime(CLOCK_REALTIME, &now);
	int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 -
		     (clock_now_us() - move->progress.freeze_us) / 1000;
	time_t seconds = (time_t)(ms / 1000);
	if (gmtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return str_fmt("%s.%03dZ", text, (int)(ms % 1000));
}

/* Where the images are once it is listed. */
static void name_place(struct move *move)
{
	free(move->image_dir);
	move->image_dir = str_fmt("%s/" BUNDLE_GENERATIONS "/%s", move->bundle.dir, move->id);
	move_set_sides(move);
}

int step_keep(struct move *move, struct err *err)
{
	const struct side *src = &move->side[SOURCE];
	struct measure size;
	CLEANUP_FREE char *taken = time_frozen(move);
	struct generation g = {
		.container = move->bundle.name,
		.id = move->id,
		.taken = taken,
		.host = src->name,
		.runc = src->options.runc,
		.criu = src->options.criu,
		.kernel = (char *)facts_get(&src->facts, "kernel"),
	};

	if (move_measure_images(src, &size, err) < 0)
		return -1;
	g.sum = size.sum;
	g.files = size.files;
	g.bytes = move->summary.image_bytes = size.bytes;
	if (generation_keep(src->host, &g, move->plan.dump_timeout_ms, err) < 0)
		return -1;
	str_set(&move->summary.checkpoint, move->id);
	return journal_add(&move->journal, "commit", NULL, true, err);
}

int step_prune(struct move *move, struct err *err)
{
	struct err why = ERR_INIT;

	(void)err;
	name_place(move);
	if (move->plan.keep && generations_prune(move->side[SOURCE].host, move->bundle.name,
						 move->plan.keep, &why) < 0)
		event_note(move->events, "an older checkpoint could not be removed: %s", why.msg);
	return 0;
}
