/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"

#define RUN_DIR "/run/cmigrate"

volatile int move_cancelled;

/* Paths and marks that follow from the id; the same on every controller that looks at this move. */
void move_name_things(struct move *move)
{
	const struct bundle *b = &move->bundle;

	move->run = str_fmt(RUN_DIR "/%s", b->name);
	move->images = str_fmt("%s/.cmigrate/images-%s", b->dir, move->id);
	move->pages = str_fmt(RUN_DIR "/%s/pages", b->name);
	move->mark = str_fmt("CMIGRATE_MOVE=%s", move->id);
	move->restore_mark = str_fmt("CMIGRATE_RESTORE=%s", move->id);
	net_tag(b->name, move->tag);
}

void move_free(struct move *m)
{
	if (!m)
		return;
	store_unlock(&m->lock);
	struct job *jobs[] = {&m->dump,	  &m->seize, &m->at_gate, &m->restore,
			      &m->watch,  &m->warm,  &m->kick,	  &m->announce,
			      &m->served, &m->fetch, &m->receive};
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		if (jobs[i]->state != JOB_NONE)
			job_clear(jobs[i]);
	probe_free(m->probe);
	journal_clear(&m->journal);
	store_clear(&m->store);
	answers_clear(&m->asked);
	host_free(m->source);
	host_free(m->destination);
	bundle_clear(&m->bundle);
	facts_clear(&m->source_facts);
	facts_clear(&m->destination_facts);
	check_results_clear(&m->checks);
	free(m->freezer);
	summary_clear(&m->summary);
	free(m->source_name);
	free(m->destination_name);
	free(m->strategy);
	free(m->page_server);
	free(m->page_client);
	free(m->page_endpoint);
	free(m->hop4);
	free(m->hop6);
	free(m->run);
	free(m->images);
	free(m->pages);
	free(m->mark);
	free(m->restore_mark);
	free(m->endpoint_silence);
	free(m->silent);
	free(m);
}

static struct runtime runtime_at(const struct move *m, struct host *host)
{
	return (struct runtime){.host = host,
				.name = m->bundle.name,
				.bundle = m->bundle.dir,
				.run = m->run,
				.images = m->images,
				.mark = m->restore_mark,
				.gate = m->gate,
				.locks = !m->source_options.network_lock_skip,
				.netns = m->bundle.netns};
}

struct runtime move_runtime_source(const struct move *move)
{
	return runtime_at(move, move->source);
}

struct runtime move_runtime_destination(const struct move *move)
{
	struct runtime rt = runtime_at(move, move->destination);

	rt.pages = move->direct ? move->pages : NULL;
	return rt;
}

struct pages move_pages(const struct move *move)
{
	return (struct pages){.server = move->page_server,
			      .client = move->page_client,
			      .port = move->page_port,
			      .tag = move->tag};
}

bool move_is_post_copy(const struct move *move)
{
	return strcmp(move->strategy, "post-copy") == 0 || strcmp(move->strategy, "hybrid") == 0;
}

bool move_is_pre_copy(const struct move *move)
{
	return strcmp(move->strategy, "pre-copy") == 0 || strcmp(move->strategy, "hybrid") == 0;
}

const char *move_way_back(const struct move *move)
{
	return move->ends_first ? "images" : "source";
}

/* Without a device: what was not there when the move began, and is not put there either. */
static struct net net_of(const struct move *move, struct host *host,
			 const struct address *addresses)
{
	struct net net = {.host = host, .netns = move->bundle.netns};

	for (size_t i = 0; i < move->bundle.n_addresses; i++)
		if (*addresses[i].device)
			net.addresses[net.n++] = addresses[i];
	return net;
}

struct net move_net_source(const struct move *move)
{
	return net_of(move, move->source, move->source_addresses);
}

struct net move_net_destination(const struct move *move)
{
	return net_of(move, move->destination, move->destination_addresses);
}

bool move_has_address(const struct move *move)
{
	return move->bundle.n_addresses > 0;
}

void move_swap(struct move *move)
{
	/* What was under way on the one host says nothing of the other. */
	if (move->restore.state != JOB_NONE)
		job_clear(&move->restore);
	if (move->watch.state != JOB_NONE)
		job_clear(&move->watch);
	struct move old = *move;

	move->source = old.destination;
	move->destination = old.source;
	move->source_name = old.destination_name;
	move->destination_name = old.source_name;
	move->source_options = old.destination_options;
	move->destination_options = old.source_options;
	memcpy(move->source_addresses, old.destination_addresses, sizeof(old.source_addresses));
	memcpy(move->destination_addresses, old.source_addresses, sizeof(old.source_addresses));
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
	return (double)(moment_us - move->start_us) / 1000;
}
