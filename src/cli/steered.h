/* SPDX-License-Identifier: MIT */
/*
 * steered: a move that another process makes, maybe on another host: heard of, and told wishes
 * (wish.h), by the files in its container's state directory.
 */
#ifndef CMIGRATE_STEERED_H
#define CMIGRATE_STEERED_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/status.h"
#include "cmigrate/base/err.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/history/summary.h"
#include "cmigrate/move/wish.h"

struct steered {
	struct app *app;
	struct status status; /* has the connections */
	struct state_dir dir;
	char *id, *source, *destination; /* of the move */
	size_t size;			 /* bytes of its events that were read */
	struct buf lines;		 /* read, and not heard yet */
};
#define CLEANUP_STEERED __attribute__((cleanup(steered_clear)))

/*
 * Finds the move of a container that is under way, and waits for one that makes its checks. hosts:
 * those that are asked, or none for all known ones. EXIT_REFUSED: there is none. EXIT_BUSY: it was
 * interrupted.
 */
int steered_find(struct steered *steered, struct app *app, const char *name,
		 const struct argv *hosts, struct err *err);
/* Tells it a wish. 0: told; 1: it is over, with its end in *ret; -1. */
int steered_wish(struct steered *steered, const struct wish *wish, struct summary *ret,
		 struct err *err);
/*
 * Hears its events from the first on, until it is over: 0, with its end in *ret. hear: called for
 * each event; true ends it early, which gives 1. -1: EXIT_BUSY if its process has ended before;
 * EXIT_FAILED if nobody can tell.
 */
int steered_hear(struct steered *steered, bool (*hear)(void *ctx, const json_t *event), void *ctx,
		 struct summary *ret, struct err *err);
void steered_clear(struct steered *steered);

#endif
