/* SPDX-License-Identifier: MIT */
/*
 * destination: which of several hosts a container is moved to, and which refusals make it useless
 * to try another. Pure functions.
 */
#ifndef CMIGRATE_DESTINATION_H
#define CMIGRATE_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/history/summary.h"

struct destination {
	const char *name;
	uint64_t capacity;  /* bytes for containers */
	uint64_t available; /* of it now, without what is on its way there */
	uint64_t planned;   /* bytes on their way there, or arrived since */
	size_t n_planned;   /* containers, likewise */
	size_t n_carried;   /* containers it had to begin with */
	size_t n_moving;    /* moves into it now */
	size_t n_failed; /* moves into it that failed: nothing is moved there while another can */
	bool refused;	 /* by its checks, or it does not answer */
};

#define DESTINATION_NONE (-1)  /* no host has room and has not refused */
#define DESTINATION_LATER (-2) /* one has, but as many moves into it as may be */

/*
 * Of those with the fewest failures the host with the most memory left behind the move; among hosts
 * that have about the same (a sixteenth of that less), the one with the fewest planned, then
 * the fewest carried, then the first. max_moving: moves into a host at once.
 */
int destination_choose(const struct destination *hosts, size_t n, uint64_t memory,
		       size_t max_moving);

/*
 * Whether a refused move says something about the container or its source alone, so that every
 * destination would refuse it. An unknown cause does not.
 */
bool destination_refusal_is_final(const struct summary *summary);
/* Whether this host did not answer. */
bool destination_is_lost(const struct summary *summary, const char *host);

#endif
