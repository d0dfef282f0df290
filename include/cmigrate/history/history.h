/* SPDX-License-Identifier: MIT */
/*
 * history: the records of one container's moves, in the file `history` of its store: a line each,
 * oldest first, the last HISTORY_MAX of them. Those that made room are counted in a line on top, so
 * that a count of moves never goes down. Written under the container's lock.
 */
#ifndef CMIGRATE_HISTORY_H
#define CMIGRATE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/history/record.h"

#define HISTORY_FILE "history"
#define HISTORY_MAX 100

struct history {
	char *container;
	struct record *rows;
	size_t n;
	uint64_t dropped[OUTCOMES]; /* made room for those in rows */
	unsigned damaged;	    /* lines that were left out */
};
#define CLEANUP_HISTORY __attribute__((cleanup(history_clear)))

/* Takes every line that is a record of that container; never fails. */
void history_parse(const char *container, const char *text, size_t len, struct history *ret);
/* The same from the store: empty where there is no file. */
int history_load(const struct store *store, const char *container, struct history *ret,
		 struct err *err);
/* Takes the record over (it is empty then): behind the others, or in the place of its id. */
void history_put(struct history *history, struct record *record);
/* The text of the file. */
void history_text(const struct history *history, struct buf *out);
/*
 * Reads, puts, and replaces the file at once: a reader sees the old or the new one. On failure the
 * old one is there. *ret_damaged: lines that were left out.
 */
int history_add(const struct store *store, const char *container, struct record *record,
		unsigned *ret_damaged, struct err *err);
void history_clear(struct history *history);

#endif
