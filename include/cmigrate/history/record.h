/* SPDX-License-Identifier: MIT */
/*
 * record: one past move, as kept beside its bundle (history.h), shown by `history` and counted in
 * metrics. Records come from other machines too, so reading checks every field.
 */
#ifndef CMIGRATE_RECORD_H
#define CMIGRATE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/history/summary.h"

/* Size of its JSON in bytes; a larger one is written without its steps, and if need be without the
 * texts of its warnings. */
#define RECORD_MAX 10000

/* How a move can have ended. "In doubt" is not final: `recover` replaces it. */
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
	char *controller;  /* host that ran cmigrate; NULL: it died before it could say so */
	char *hold;	   /* how packets were held back: "plug", "bucket"; NULL: not at all */
	char *settled;	   /* when `recover` settled it, as `started`; NULL: it was not needed */
	char *settled_on;  /* host that `recover` ran on, or NULL */
	char *logs;	   /* directory of the logs that were kept, or NULL */
	enum outcome outcome;
	struct summary summary;
};
#define CLEANUP_RECORD __attribute__((cleanup(record_clear)))

/* "moved", "undone", "silent", "failed", "lost", "in-doubt". */
const char *outcome_name(enum outcome outcome);

/*
 * Reads the output of record_json(). EXIT_USAGE: a field is missing, of a wrong type or invalid;
 * *ret is untouched then. Control bytes in texts are masked.
 */
int record_read(const json_t *object, struct record *ret, struct err *err);
/* One object: the summary's fields without "event", and the record's own. A new reference. */
json_t *record_json(const struct record *record);
/*
 * Applies the result of a recovery to the record of its move: outcome, exit code and error change,
 * everything else stays. Each keeps its own memory.
 */
void record_settle(struct record *record, const struct record *settled);
void record_clear(struct record *record);
/* Writes "2026-11-21T23:33:15Z" for seconds since 1970. */
void record_time(char text[32], int64_t seconds);
/* Whether `word` names this record: its id, or the part after the last '-'. */
bool record_is(const struct record *record, const char *word);

#endif
