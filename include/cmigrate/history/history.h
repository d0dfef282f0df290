/* SPDX-License-Identifier: MIT */
/*
 * history: the records of one container's moves, in the file `history` of its store. Each is a
 * line, oldest first; the last HISTORY_MAX are kept. Older ones are only counted, in the first
 * line, so that a count of moves never goes down. Written under the container's lock.
 */
#ifndef CMIGRATE_HISTORY_H
#define CMIGRATE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/history/record.h"
#include "cmigrate/history/tally.h"

#define HISTORY_FILE "history"
#define HISTORY_MAX 100

struct history {
	char *container;
	struct record *rows;
	size_t n;
	uint64_t dropped[OUTCOMES]; /* records that made room for those in rows */
	struct tally dropped_tally; /* the same */
	unsigned damaged;	    /* lines that were left out */
};
#define CLEANUP_HISTORY __attribute__((cleanup(history_clear)))

/* Takes every line that is a record of that container; never fails. */
void history_parse(const char *container, const char *text, size_t len, struct history *ret);
/* Reads it from the store. Empty if there is no file. */
int history_load(const struct state_dir *state_dir, const char *container, struct history *ret,
		 struct err *err);
/*
 * Appends the record, or replaces the one with its id. Takes over the contents: it is empty
 * afterwards.
 */
void history_put(struct history *history, struct record *record);
/* Adds the text of the file. */
void history_text(const struct history *history, struct buf *out);
/*
 * Reads the file, puts the record and replaces the file at once: a reader sees the old or the new
 * one. A failure leaves the old one. *ret_damaged: lines that were left out.
 */
int history_add(const struct state_dir *state_dir, const char *container, struct record *record,
		unsigned *ret_damaged, struct err *err);
void history_clear(struct history *history);

#endif
