/* SPDX-License-Identifier: MIT */
/*
 * record: one past move, as it is kept beside its bundle (history.h), shown by `history` and
 * counted in metrics. A pure function of its JSON: what other machines wrote is input, not truth.
 */
#ifndef CMIGRATE_RECORD_H
#define CMIGRATE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/history/summary.h"

/* Of its JSON, in bytes: what is longer is kept without its steps. */
#define RECORD_MAX 10000

/* How a move can have ended. In doubt is no end: `recover` makes another of it. */
enum outcome {
	OUTCOME_MOVED,
	OUTCOME_UNDONE,
	OUTCOME_SILENT,
	OUTCOME_FAILED,
	OUTCOME_LOST,
	OUTCOME_IN_DOUBT,
	OUTCOMES,
};

struct record {
	char *id;	   /* of the move, as `history --move` takes it */
	char *started;	   /* "2026-11-21T23:33:15Z" */
	int64_t started_s; /* the same in seconds since 1970 */
	char *controller;  /* host that cmigrate ran on; NULL: it died before it could say so */
	char *hold;	   /* what packets were held back with: "plug", "bucket"; NULL: nothing */
	char *settled;	   /* when `recover` settled it, as `started`; NULL: it needn't */
	char *settled_on;  /* host that `recover` ran on, or NULL */
	char *logs;	   /* directory of the logs that were kept, or NULL */
	enum outcome outcome;
	struct summary summary;
};
#define CLEANUP_RECORD __attribute__((cleanup(record_clear)))

/* "moved", "undone", "silent", "failed", "lost", "in-doubt". */
const char *outcome_name(enum outcome outcome);

/*
 * Reads what record_json() wrote. EXIT_USAGE: a field is missing, of a wrong type or not what it
 * says; *ret is untouched. Control bytes of texts are masked.
 */
int record_read(const json_t *object, struct record *ret, struct err *err);
/* One object: the summary's fields without "event", and those above. A new reference. */
json_t *record_json(const struct record *record);
/*
 * What a recovery found out about a move that has a record already: its outcome, exit code and
 * error are taken, all else stays where it was known. Both keep their own memory.
 */
void record_settle(struct record *record, const struct record *settled);
void record_clear(struct record *record);
/* "2026-11-21T23:33:15Z" of seconds since 1970. */
void record_time(char text[32], int64_t seconds);
/* Whether a person's word means this record: its id, or what follows its last '-'. */
bool record_is(const struct record *record, const char *word);

#endif
