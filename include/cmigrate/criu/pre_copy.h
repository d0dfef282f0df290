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
struct precopy_pass {
	uint64_t pages, bytes;
	double ms;
};

enum precopy {
	PRECOPY_GO_ON,
	PRECOPY_FITS,  /* the predicted freeze is within the budget */
	PRECOPY_GROWS, /* the memory that is written between two passes no longer shrinks */
	PRECOPY_LIMIT, /* PRECOPY_PASSES passes are done */
};

#define PRECOPY_PASSES 8

/*
 * Decides after each pass. *ret_predicted_ms: the length of a freeze that came now: the freeze of a
 * container without memory, plus the time to write and read the last pass's bytes once more at the
 * rate of the first.
 */
enum precopy precopy_decide(const struct precopy_pass *passes, size_t n, unsigned max_downtime_ms,
			    double *ret_predicted_ms);
/* The reason why the passes ended, for people. Constant text. */
const char *precopy_reason(enum precopy decision);
/* Predicted freeze in ms of a cold move: so many bytes, written and read at so many bytes per
 * ms. */
double precopy_cold_ms(uint64_t bytes, double bytes_ms);

#endif
