/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/container/generations.h"
#include "steering.h"

#define RUN_DIR "/run/cmigrate"

volatile int move_cancelled;

static bool is_cancelled(void *unused)
{
	(void)unused;
	return move_cancelled != 0;
}

const struct probe_stop move_stop = {is_cancelled, NULL};

const char *move_cancelled_by(void)
{
	return move_cancelled == MOVE_ABORTED ? "stopped by 'cmigrate abort'"
					      : "stopped by a signal";
}

/* Sets the paths and marks that follow from the id. Every controller gets the same for a move. */
void move_name_things(struct move *move)
{
	const struct bundle *b = &move->bundle;

	move->work_dir = str_fmt(RUN_DIR "/%s", b->name);
	move->image_dir = str_fmt("%s/.cmigrate/images-%s", b->dir, move->id);
	move->page_dir = str_fmt(RUN_DIR "/%s/pages", b->name);
	handover_tag(b->name, move->tag);
}

static void side_clear(struct side *side)
{
	host_free(side->host);
	facts_clear(&side->facts);
	free(side->name);
}

static void clear_jobs(struct move_jobs *j)
{
	struct job *jobs[] = {&j->dump,	 &j->seize,   &j->at_gate,  &j->restore,
			      &j->watch, &j->warm,    &j->announce, &j->served,
			      &j->fetch, &j->receive, &j->park,	    &j->pace};

	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		if (jobs[i]->state != JOB_NONE)
			job_clear(jobs[i]);
}

void move_free(struct move *m)
{
	if (!m)
		return;
	state_dir_unlock(&m->lock);
	steering_free(m->steering);
	clear_jobs(&m->jobs);
	probe_free(m->probe);
	journal_clear(&m->journal);
	state_dir_clear(&m->state_dir);
	replies_clear(&m->asked);
	for (size_t i = 0; i < SIDES; i++)
		side_clear(&m->side[i]);
	bundle_clear(&m->bundle);
	check_results_clear(&m->checks);
	history_clear(&m->past);
	containers_clear(&m->members);
	summary_clear(&m->summary);
	char *texts[] = {m->page_server.server,
			 m->page_server.client,
			 m->progress.silent,
			 m->progress.endpoint_silence,
			 m->work_dir,
			 m->image_dir,
			 m->page_dir};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	free(m);
}

/* An address without a device was not there when the move began, and is not put there. */
static struct handover handover_of(const struct move *move, const struct side *side,
				   const struct side *other)
{
	struct handover handover = {.host = side->host, .netns = move->bundle.netns};

	for (size_t i = 0; i < move->bundle.n_addresses; i++)
		if (*side->addresses[i].device) {
			memcpy(handover.next_hops[handover.n], other->own_ips[i], IP_SIZE);
			handover.addresses[handover.n++] = side->addresses[i];
		}
	return handover;
}

/* Names the images by their place, as the agent derives it from that name (paths.h there). */
static void name_images(const struct move *move, struct runtime *rt)
{
	CLEANUP_FREE char *above = str_fmt("%s/" BUNDLE_GENERATIONS "/", move->bundle.dir);
	CLEANUP_FREE char *checkpoint = str_fmt("%s/" BUNDLE_CHECKPOINT, move->bundle.dir);
	const char *dir = move->image_dir ? move->image_dir : "";

	if (!str_starts(dir, above))
		(void)snprintf(rt->images_of, sizeof(rt->images_of), "%s",
			       strcmp(dir, checkpoint) == 0 ? "checkpoint" : "move");
	else if (dir[strlen(above)] == '.')
		(void)snprintf(rt->images_of, sizeof(rt->images_of), "new-%s",
			       dir + strlen(above) + 1);
	else
		(void)snprintf(rt->images_of, sizeof(rt->images_of), "at-%s", dir + strlen(above));
}

void move_set_sides(struct move *move)
{
	for (size_t i = 0; i < SIDES; i++) {
		struct side *side = &move->side[i];
		bool receives = i == DESTINATION && move_is_direct(move);
		side->runtime = (struct runtime){
			.host = side->host,
			.name = move->bundle.name,
			.bundle = move->bundle.dir,
			.id = move->id,
			.run = move->work_dir,
			.images = move->image_dir,
			.pages = receives ? move->page_dir : NULL,
			.gate = move->plan.gate,
			.locks = !move->side[SOURCE].options.network_lock_skip,
			.netns = move->bundle.netns,
		};
		name_images(move, &side->runtime);
		side->handover = handover_of(move, side, &move->side[SIDES - 1 - i]);
	}
	move->side[SOURCE].options.page_server = move->page_server.server;
	move->side[SOURCE].options.page_port = move->page_server.port;
	move->page_server.tag = move->tag;
}

bool move_is_post_copy(const struct move *move)
{
	return strategy_is_post_copy(move->plan.strategy);
}

bool move_is_pre_copy(const struct move *move)
{
	return strategy_is_pre_copy(move->plan.strategy);
}

const char *move_way_back(const struct move *move)
{
	return move->plan.ends_first ? "images" : "source";
}

bool move_is_direct(const struct move *move)
{
	return move->plan.transport == TRANSPORT_DIRECT;
}

bool move_has_address(const struct move *move)
{
	return move->bundle.n_addresses > 0;
}

void move_swap(struct move *move)
{
	/* These jobs ran on the other host. */
	if (move->jobs.restore.state != JOB_NONE)
		job_clear(&move->jobs.restore);
	if (move->jobs.watch.state != JOB_NONE)
		job_clear(&move->jobs.watch);
	struct side source = move->side[SOURCE];

	move->side[SOURCE] = move->side[DESTINATION];
	move->side[DESTINATION] = source;
	move_set_sides(move);
}

int move_make_probe(struct move *move, struct err *err)
{
	if (!move->bundle.endpoints.n || move->probe)
		return 0;
	move->probe = probe_new(&move->bundle.endpoints, err);
	return move->probe ? 0 : -1;
}

double move_ms(const struct move *move, int64_t moment_us)
{
	return (double)(moment_us - move->progress.start_us) / 1000;
}
