/* SPDX-License-Identifier: MIT */
/*
 * journal: the steps of a move, written beside the bundle before each is taken, so that another
 * process can finish or undo the move.
 *
 * One line per entry: CRC-32 in hexadecimal, a blank, a JSON object. A last line that is torn or
 * doesn't match its sum is ignored; such a line before the last, or instead of "begin", makes the
 * journal unreadable. "begin" (before anything is changed) and "commit" are synced to disk, and the
 * file is removed at the end. The intents between them are not synced; if the state directory is
 * reached over ssh, they are sent along with the next synced entry. While `holds` is set, none is
 * written: the close of a file on NFS waits for the server's disk. Recovery asks the hosts for the
 * truth; intents only tell a reader how far the move got.
 */
#ifndef CMIGRATE_JOURNAL_H
#define CMIGRATE_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/state_dir.h"

#define JOURNAL_FILE "journal"

struct journal {
	const struct state_dir *state_dir; /* borrowed */
	struct buf pending;		   /* written before the next entry that is written */
	bool holds; /* intents wait until an entry is synced, or this is unset */
};

/* Adds an entry {"event": EVENT, "step": STEP or absent}; waits for the disk if sync is set. */
int journal_add(struct journal *journal, const char *event, const char *step, bool sync,
		struct err *err);
/* Adds "begin" with everything recovery needs (borrowed), on disk. */
int journal_begin(struct journal *journal, const json_t *move, struct err *err);
/* The same again where something of that has changed: what is read back is the last one. */
int journal_change(struct journal *journal, const json_t *move, struct err *err);
/* Removes the file: the move is over. */
int journal_end(struct journal *journal, struct err *err);
void journal_clear(struct journal *journal);

/* A journal that was read back. */
struct journal_state {
	bool found;   /* there is a journal: a move is under way or was interrupted */
	json_t *move; /* of "begin", or the last "change"; NULL where that line has no end: nothing
			 had been changed */
	bool committed;
	char *last_step; /* the step of the last intent, or NULL */
	bool torn;	 /* the last line is damaged or has no end */
	size_t good;	 /* bytes before it */
};

/* Parses a journal's text. EXIT_BUSY: "begin" or a line in the middle is damaged. */
int journal_parse(const char *text, size_t len, struct journal_state *ret, struct err *err);
/* Reads it from the state directory; found is false if there is none. */
int journal_load(const struct state_dir *state_dir, struct journal_state *ret, struct err *err);
/* Cuts off a torn tail, so that further entries can follow. */
int journal_mend(const struct state_dir *state_dir, const struct journal_state *state,
		 struct err *err);
void journal_state_clear(struct journal_state *state);

#endif
