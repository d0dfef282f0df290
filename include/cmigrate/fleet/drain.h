/* SPDX-License-Identifier: MIT */
/*
 * drain: everything that runs on a host, moved to the others in rounds: the host is looked at, what
 * it has is moved, until a look finds nothing new. Each move is a process (batch.h).
 */
#ifndef CMIGRATE_DRAIN_H
#define CMIGRATE_DRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/fleet/batch.h"
#include "cmigrate/fleet/fleet.h"
#include "cmigrate/fleet/placement.h"

/* As the command line has them. */
struct drain_opts {
	struct argv to, exclude, skip_checks;
	unsigned parallel;
	char *on_error;
	bool include_pinned, dry_run;
};

/*
 * Set before drain_run(): caller, opts, host, start_us, options; to and exclude, the words of
 * opts. After it: rows, pinned, left, unknown, stopped.
 */
struct drain {
	const struct batch_caller *caller;
	const struct drain_opts *opts;
	const char *host;
	struct argv to, exclude; /* word by word */
	struct argv options;	 /* of each move */
	struct batch_move *rows; /* of the rounds that are over */
	size_t n;
	struct argv pinned, left; /* stay by annotation; still there in the end */
	bool unknown;		  /* in the end nobody could be asked what is left */
	bool stopped;
	int64_t start_us;
	/* private to drain.c: of this round */
	struct fleet fleet;
	struct batch batch;
	struct destination *hosts;
	size_t n_hosts;
	bool *refused; /* of row i by host h at [i * n_hosts + h] */
	unsigned *undone;
	bool source_lost;
};

/*
 * Moves, or with opts->dry_run checks what would be moved, and looks what is left. -1: nothing was
 * begun, EXIT_REFUSED: the host can't be asked. What came of the moves is in the rows.
 */
int drain_run(struct drain *drain, struct err *err);
void drain_clear(struct drain *drain);
#define CLEANUP_DRAIN __attribute__((cleanup(drain_clear)))

#endif
