/* SPDX-License-Identifier: MIT */
/*
 * completion: what a shell offers for the word at its cursor, from the tables of verbs and options.
 * The name of an argument in help says what it is: FILE, DIR, HOST, NAME and so on.
 */
#ifndef CMIGRATE_COMPLETION_H
#define CMIGRATE_COMPLETION_H

#include "cmigrate/base/options.h"
#include "cmigrate/base/str.h"
#include "cmigrate/cli/cmd.h"

/* Lines that ask the shell for its own files or directories. No candidate begins with ':'. */
#define COMPLETION_FILES ":file"
#define COMPLETION_DIRECTORIES ":dir"

/*
 * words: the line without "cmigrate", as far as the cursor; the last word is the one to complete,
 * "" after a blank. bash has "--option", "=" and "value" as three words, the others as one.
 *
 * Adds a line for each candidate that begins with that word: the candidate, then maybe a tab and a
 * description. A candidate is safe in a shell: it is a constant, a host of the configuration or a
 * container's name that name_check() lets pass. No host is asked. Adds nothing where nothing fits.
 */
void completion_candidates(const struct argv *words, const struct verb *const *table,
			   const struct opt *globals, struct buf *out);

#endif
