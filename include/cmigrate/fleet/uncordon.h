/* SPDX-License-Identifier: MIT */
/*
 * uncordon: takes the mark off a host (cordon.h) and, if that is asked for, brings back the
 * containers that left it, if they are still where they went. What was checkpointed is restored,
 * and what was stopped is started. Each is a process (batch.h).
 */
#ifndef CMIGRATE_UNCORDON_H
#define CMIGRATE_UNCORDON_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/bundle_root.h"
#include "cmigrate/container/cordon.h"
#include "cmigrate/fleet/batch.h"
#include "cmigrate/fleet/fleet.h"

/* The work that is left to do about a container that left. */
enum giving {
	GIVE_MOVE,    /* it is where it went */
	GIVE_RESTORE, /* it runs nowhere, and was checkpointed */
	GIVE_START,   /* it runs nowhere, and was stopped */
	GIVE_ALONE,   /* somebody has moved or ended it since */
	GIVE_BACK,    /* it is back already */
	GIVE_UNKNOWN, /* the host that it went to does not answer */
};

/*
 * Set before uncordon_run(): caller, host, give_back, parallel, options, start_us. Set by it: mark,
 * as it was found; batch, the results; left_alone and unknown, their names.
 */
struct uncordon {
	const struct batch_caller *caller;
	const char *host;
	bool give_back;
	unsigned parallel;
	struct argv options; /* for each move */
	int64_t start_us;
	struct cordon mark; /* host NULL: there was none */
	struct batch batch;
	struct argv left_alone, unknown;
	unsigned *tries; /* private, like root and fleet: of each row */
	struct bundle_root root;
	struct fleet fleet;
};
#define CLEANUP_UNCORDON __attribute__((cleanup(uncordon_clear)))

/* A pure function of what the hosts have. */
enum giving uncordon_giving(const struct fleet *fleet, const char *host,
			    const struct cordon_left *left);
/*
 * With give_back the host is open again before the first move. A container that is back is no
 * longer noted, and the file goes with the last one: a second run continues. -1: EXIT_REFUSED if
 * the host does not answer; it is open then, and nothing was moved.
 */
int uncordon_run(struct uncordon *uncordon, struct err *err);
void uncordon_clear(struct uncordon *uncordon);

#endif
