/* SPDX-License-Identifier: MIT */
/* The images that a restore uses: of a checkpoint that ended the container, or of a generation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/container/container.h"
#include "cmigrate/container/generations.h"
#include "cmigrate/host/remote_path.h"
#include "part.h"

/* "SUM FILES BYTES" (src/agent/shared/images.c), of images that are whole. */
int move_measure_images(const struct side *side, struct measure *ret, struct err *err)
{
	CLEANUP_JOB struct job job = {0};
	unsigned long long files = 0, bytes = 0;

	if (runtime_images_start(&side->runtime, false, &job, err) < 0)
		return -1;
	job_wait(&job);
	if (job_failure(&job, err) < 0)
		return -1;
	*ret = (struct measure){0};
	if (sscanf(buf_str(&job.out), "%8[0-9a-f] %llu %llu", ret->sum, &files, &bytes) != 3)
		return err_set(err, EXIT_FAILED, "%s: can't understand what it says of the images",
			       side->name);
	ret->files = files;
	ret->bytes = bytes;
	return 0;
}

/* NULL: BUNDLE/checkpoint is to be used, or nothing is there. */
static const struct generation *choose(const struct generations *list, const char *id)
{
	const struct generation *g = generations_find(list, id);

	/* The container was ended into that one, which a restore usually removes. */
	return !id && g && list->checkpoint && container_time(g->taken) <= list->checkpoint ? NULL
											    : g;
}

static int refuse_none(const struct move *m, const char *id, struct err *err)
{
	const char *host = m->side[DESTINATION].name;

	if (!id)
		return err_set(err, EXIT_REFUSED, "no images to restore: '%s' is not on %s",
			       m->image_dir, host);
	(void)err_set(err, EXIT_REFUSED, "%s has no checkpoint '%s' of '%s'", host, id,
		      m->bundle.name);
	return err_append(err, "'cmigrate list --checkpoints %s' lists them", m->bundle.name);
}

static void say_version(char text[16], unsigned version)
{
	(void)snprintf(text, 16, "%u.%u", version / 10000, version / 100 % 100);
}

/* CRIU reads older images, not newer ones. */
static int check_criu(const struct move *m, const struct generation *g, struct err *err)
{
	const struct side *dst = &m->side[DESTINATION];
	char there[16], here[16];

	if (!dst->options.criu || dst->options.criu / 100 >= g->criu / 100)
		return 0;
	say_version(there, dst->options.criu);
	say_version(here, (unsigned)(g->criu % 1000000));
	return err_set(err, EXIT_REFUSED,
		       "checkpoint '%s' is of criu %s, and %s has %s: name another host with --on",
		       g->id, here, dst->name, there);
}

static int check_whole(const struct move *m, const struct generation *g, struct err *err)
{
	struct measure now;

	if (move_measure_images(&m->side[DESTINATION], &now, err) < 0)
		return move_refusal(err);
	if (strcmp(now.sum, g->sum) == 0 && now.files == g->files && now.bytes == g->bytes)
		return 0;
	(void)err_set(err, EXIT_REFUSED,
		      "checkpoint '%s' is damaged: '%s' is not as it was written", g->id,
		      m->image_dir);
	return err_append(err, "name another with --at ('cmigrate list --checkpoints %s')",
			  m->bundle.name);
}

/* Its connections went on after it: their peers are elsewhere by now. */
static int check_options(const struct move_opts *opts, const struct generation *g, struct err *err)
{
	return opts->tcp_established
		       ? err_set(err, EXIT_REFUSED,
				 "the container went on after checkpoint '%s', and so did its "
				 "connections: leave --tcp-established out",
				 g->id)
		       : 0;
}

static int use_generation(struct move *m, const struct move_opts *opts, const struct generation *g,
			  struct err *err)
{
	free(m->image_dir);
	m->image_dir = str_fmt("%s/" BUNDLE_GENERATIONS "/%s", m->bundle.dir, g->id);
	/* The generation stays for the next failure. */
	m->plan.keep_images = true;
	str_set(&m->summary.checkpoint, g->id);
	move_set_sides(m);
	move_set_dump_timeout(m, g->bytes);
	return check_options(opts, g, err) < 0 || check_criu(m, g, err) < 0
		       ? -1
		       : check_whole(m, g, err);
}

int move_choose_images(struct move *m, const struct move_opts *opts, struct err *err)
{
	struct host *host = m->side[DESTINATION].host;
	CLEANUP_GENERATIONS struct generations list = {0};
	uint64_t bytes = 0;
	bool there = false;

	if (generations_read(host, m->bundle.name, &list, err) < 0)
		return -1;
	const struct generation *g = choose(&list, opts->at);
	if (g)
		return use_generation(m, opts, g, err);
	if (path_exists(host, m->bundle.name, PATH_CHECKPOINT, &there, err) < 0)
		return -1;
	if (!there || opts->at)
		return refuse_none(m, opts->at, err);
	if (path_bytes(host, m->bundle.name, PATH_CHECKPOINT, &bytes, err) < 0)
		return -1;
	move_set_dump_timeout(m, bytes);
	return 0;
}
