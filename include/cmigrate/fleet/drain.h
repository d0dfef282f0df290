/* SPDX-License-Identifier: MIT */
/*
 * drain: moves everything that runs on a host to the others, in rounds: look at the host, move what
 * it has, until a look finds nothing new. Each move is a process (batch.h).
 */
#ifndef CMIGRATE_DRAIN_H
#define CMIGRATE_DRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/bundle_root.h"
#include "cmigrate/fleet/batch.h"
#include "cmigrate/fleet/fleet.h"
#include "cmigrate/fleet/placement.h"
#include "cmigrate/fleet/within.h"

/* The options of the command line. */
struct drain_opts {
	struct argv to, exclude, skip_checks;
	unsigned parallel, max_downtime_ms;
	char *if_slow, *encrypt;
	char *on_error;
	char *reason;		 /* of the mark */
	char *within, *fallback; /* words of within.h */
	bool cordon, force, include_pinned, strict, dry_run;
};

/*
 * Set before drain_run(): caller, opts, host, by, start_us, options, within, and the words of opts
 * in to and exclude. Set by it: rows, pinned, left, unknown, stopped, marked.
 */
struct drain {
	const struct batch_caller *caller;
	const struct drain_opts *opts;
	const char *host;
	char *by; /* "root@rhel01": who sets the mark; owned */
	struct within within;
	struct argv to, exclude; /* words of the lists in opts */
	struct argv options;	 /* for each move */
	struct batch_move *rows; /* of the finished rounds */
	size_t n;
	struct argv pinned, left; /* kept there by annotation; still there at the end */
	bool unknown;		  /* no host could tell what is left at the end */
	bool stopped;
	bool marked;	       /* the host is cordoned: what leaves is noted beside its mark */
	struct batch_ear *ear; /* hears that no further move is to begin, or NULL */
	int64_t start_us;
	/* Private to src/fleet: the bundle root, once it is needed, and the current round. */
	struct bundle_root root;
	struct fleet fleet;
	struct batch batch;
	struct placement_host *hosts;
	size_t n_hosts;
	bool *refused; /* of row i by host h at [i * n_hosts + h] */
	unsigned *undone;
	struct placement_member *members; /* room for all containers of the fleet */
	bool source_lost;
};

/*
 * Moves the containers, or with opts->dry_run only checks the moves, and looks what is left. The
 * results are in the rows. -1: nothing was begun; EXIT_REFUSED: the host does not answer.
 */
int drain_run(struct drain *drain, struct err *err);
void drain_clear(struct drain *drain);
#define CLEANUP_DRAIN __attribute__((cleanup(drain_clear)))

#endif
