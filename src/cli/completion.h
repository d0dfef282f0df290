/* SPDX-License-Identifier: MIT */
/*
 * completion: candidates for the word at a shell's cursor, from the tables of verbs and options.
 * The placeholder in the help text gives the kind of an argument: FILE, DIR, HOST, NAME and so on.
 */
#ifndef CMIGRATE_COMPLETION_H
#define CMIGRATE_COMPLETION_H

#include "cmigrate/base/options.h"
#include "cmigrate/base/str.h"
#include "cmigrate/cli/cmd.h"

/* These lines ask the shell for its own files or directories. No candidate begins with ':'. */
#define COMPLETION_FILES ":file"
#define COMPLETION_DIRECTORIES ":dir"

/*
 * words: the line without "cmigrate", up to the cursor. The last word is the one to complete; it is
 * "" after a blank. bash splits "--option=value" into three words, the others don't.
 *
 * Adds a line for each candidate that begins with the last word: the candidate, and for some a tab
 * and a description. Candidates are safe in a shell: constants, hosts of the configuration, and
 * container names that name_check() accepts. No host is asked.
 */
void completion_candidates(const struct argv *words, const struct verb *const *table,
			   const struct opt *globals, struct buf *out);

#endif
