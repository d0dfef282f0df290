/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/pre_copy.h"

/* The freeze of a container with almost no memory (docs/move.md, measured on test hosts). */
#define BASE_MS 100
/* CRIU's look at memory that it doesn't copy: 80 ms for 1 GB (docs/move.md, Post-copy). */
#define LOOK_BYTES_MS 12500000
/* A pass must be a tenth smaller than the one before to be worth another. */
#define SHRINKS 0.9

double pre_copy_cold_ms(uint64_t bytes, double bytes_ms)
{
	return BASE_MS + (bytes_ms > 0 ? 2 * (double)bytes / bytes_ms : 0);
}

double pre_copy_follow_ms(uint64_t bytes)
{
	return BASE_MS + (double)bytes / LOOK_BYTES_MS;
}

enum pre_copy pre_copy_decide(const struct pre_copy_pass *passes, size_t n,
			      unsigned max_downtime_ms, double *ret_predicted_ms)
{
	const struct pre_copy_pass *last = &passes[n - 1];
	double rate = passes[0].ms > 0 ? (double)passes[0].bytes / passes[0].ms : 0;

	*ret_predicted_ms = pre_copy_cold_ms(last->bytes, rate);
	/* The first pass copies everything and tells nothing about the rate of change. */
	if (n > 1 && *ret_predicted_ms <= max_downtime_ms)
		return PRE_COPY_FITS;
	if (n > 2 && (double)last->bytes > SHRINKS * (double)passes[n - 2].bytes)
		return PRE_COPY_GROWS;
	return n >= PRE_COPY_PASSES ? PRE_COPY_LIMIT : PRE_COPY_GO_ON;
}

const char *pre_copy_reason(enum pre_copy decision)
{
	switch (decision) {
	case PRE_COPY_GO_ON:
		break;
	case PRE_COPY_FITS:
		return "the rest fits the downtime budget";
	case PRE_COPY_GROWS:
		return "the changes between two passes no longer shrink";
	case PRE_COPY_LIMIT:
		return "the limit of passes is reached";
	case PRE_COPY_FOLLOWS:
		return "the rest follows, as somebody asked";
	}
	return "another pass follows";
}
