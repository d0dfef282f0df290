/* SPDX-License-Identifier: MIT */
/*
 * generations: the checkpoints of containers that went on afterwards, on the shared directory. Each
 * is a directory BUNDLE/checkpoints/ID with CRIU's images and a description. While it is
 * being written it is BUNDLE/checkpoints/.ID and is never listed.
 */
#ifndef CMIGRATE_GENERATIONS_H
#define CMIGRATE_GENERATIONS_H

#include <jansson.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/host/host.h"

#define BUNDLE_GENERATIONS "checkpoints"

struct generation {
	char *container;
	char *id;    /* of the `checkpoint` that made it */
	char *taken; /* when it was frozen: "2026-12-01T02:05:31.123Z" */
	char *host;
	char *sum; /* names and sizes of its images, as the verb "images" says them */
	uint64_t bytes, files;
	uint64_t runc, criu; /* versions, as facts_version() */
	char *kernel;
};

struct generations {
	struct generation *rows; /* by container, then the newest first */
	size_t n;
	int64_t checkpoint; /* when BUNDLE/checkpoint was written, in seconds; 0: there is none */
};
#define CLEANUP_GENERATIONS __attribute__((cleanup(generations_clear)))

/* Reads the generations of one container, or of all (NULL; `checkpoint` has no meaning then). It
 * leaves out those that it can't understand, with a note. */
int generations_read(struct host *host, const char *container, struct generations *ret,
		     struct err *err);
void generations_clear(struct generations *list);
/* The newest if id is NULL. NULL: there is none. */
const struct generation *generations_find(const struct generations *list, const char *id);

/* Makes what was written a generation, once it is on disk: by then, or never, it is listed. Its
 * container, id and all else are set. */
int generation_keep(struct host *host, const struct generation *generation, int timeout_ms,
		    struct err *err);
/* Removes all but the newest `keep` of a container. -1: some are still there. */
int generations_prune(struct host *host, const char *container, size_t keep, struct err *err);
/* Removes what a checkpoint that was killed has left. */
int generations_sweep(struct host *host, const char *container, struct err *err);

/* As `list --checkpoints` prints it. A new reference. */
json_t *generation_json(const struct generation *generation);
/* As generations_read() reads a line of the agent. For tests. */
int generations_parse(const char *text, struct generations *ret, struct err *err);

#endif
