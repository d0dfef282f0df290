/* SPDX-License-Identifier: MIT */
/*
 * tally: how long the finished moves of one container took, counted by strategy and outcome, as
 * histograms of metrics. Counts never go down: records that make room for newer ones stay counted.
 */
#ifndef CMIGRATE_TALLY_H
#define CMIGRATE_TALLY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/history/record.h"

/* Upper bounds of the buckets; one more bucket has everything above. */
#define TALLY_BOUNDS 10

enum tally_time { TALLY_OUTAGE, TALLY_FREEZE, TALLY_DURATION, TALLY_TIMES };

/* One of the times. */
struct tally_kind {
	const char *name;	     /* "outage", ... */
	const char *help;	     /* for metrics */
	double bounds[TALLY_BOUNDS]; /* seconds, increasing */
};
extern const struct tally_kind tally_kinds[TALLY_TIMES];

struct tally_histogram {
	uint64_t counts[TALLY_BOUNDS + 1]; /* of each bucket alone */
	double sum;			   /* seconds */
};

/* The moves of one strategy with one outcome. */
struct tally_row {
	char *strategy;
	enum outcome outcome;
	struct tally_histogram times[TALLY_TIMES];
	uint64_t memory_bytes; /* of the containers */
	uint64_t pass_bytes;   /* copied by passes before the freeze */
};

struct tally {
	struct tally_row *rows;
	size_t n;
};
#define CLEANUP_TALLY __attribute__((cleanup(tally_clear)))

/* Counts a record. One in doubt is not finished: it isn't counted. */
void tally_add(struct tally *tally, const struct record *record);
/* Adds what another one has counted. */
void tally_join(struct tally *tally, const struct tally *other);
/* An array. A new reference. */
json_t *tally_json(const struct tally *tally);
/* Adds what tally_json() has written; rows that are damaged are left out. */
void tally_read(struct tally *tally, const json_t *array);
void tally_clear(struct tally *tally);

#endif
