/* SPDX-License-Identifier: MIT */
/*
 * pre_copy: decides when the passes of pre-copy end, from the length of a freeze that came now and
 * whether another pass would shorten it. Pure functions.
 */
#ifndef CMIGRATE_PRECOPY_H
#define CMIGRATE_PRECOPY_H

#include <stddef.h>
#include <stdint.h>

/* A pass over the memory. */
struct pre_copy_pass {
	uint64_t pages, bytes;
	double ms;
};

enum pre_copy {
	PRE_COPY_GO_ON,
	PRE_COPY_FITS,	/* the predicted freeze is within the budget */
	PRE_COPY_GROWS, /* the memory that is written between two passes no longer shrinks */
	PRE_COPY_LIMIT, /* PRE_COPY_PASSES passes are done */
	/* Not decided here: somebody wants the rest to follow the container. */
	PRE_COPY_FOLLOWS,
};

#define PRE_COPY_PASSES 8

/*
 * Decides after each pass. *ret_predicted_ms: the length of a freeze that came now: the freeze of a
 * container without memory, plus the time to write and read the last pass's bytes once more at the
 * rate of the first.
 */
enum pre_copy pre_copy_decide(const struct pre_copy_pass *passes, size_t n,
			      unsigned max_downtime_ms, double *ret_predicted_ms);
/* The reason why the passes ended, for people. Constant text. */
const char *pre_copy_reason(enum pre_copy decision);
/* Predicted freeze in ms of a cold move: so many bytes, written and read at so many bytes per
 * ms. */
double pre_copy_cold_ms(uint64_t bytes, double bytes_ms);
/* The same where the memory follows, and CRIU only looks at it in the freeze. */
double pre_copy_follow_ms(uint64_t bytes);

#endif
