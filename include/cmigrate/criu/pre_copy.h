/* SPDX-License-Identifier: MIT */
/*
 * precopy: when the passes of pre-copy end: how long the freeze would be if it came now, and
 * whether another pass would make it shorter. Pure functions.
 */
#ifndef CMIGRATE_PRECOPY_H
#define CMIGRATE_PRECOPY_H

#include <stddef.h>
#include <stdint.h>

/* A pass over the memory: how much it carried. */
struct precopy_pass {
	uint64_t pages, bytes;
	double ms;
};

enum precopy {
	PRECOPY_GO_ON,
	PRECOPY_FITS,  /* the predicted freeze is within the budget */
	PRECOPY_GROWS, /* what is written anew between two passes no longer shrinks */
	PRECOPY_LIMIT, /* PRECOPY_PASSES have been made */
};

#define PRECOPY_PASSES 8

/*
 * After each pass. *ret_predicted_ms: the freeze, if it came now: what a container without memory
 * takes, and the last pass's bytes written and read once more at the rate of the first.
 */
enum precopy precopy_decide(const struct precopy_pass *passes, size_t n, unsigned max_downtime_ms,
			    double *ret_predicted_ms);
/* Why the passes ended, for people. Constant text. */
const char *precopy_reason(enum precopy decision);
/* The freeze of a cold move of so many bytes, written and read at so many bytes per ms. */
double precopy_cold_ms(uint64_t bytes, double bytes_ms);

#endif
