/* SPDX-License-Identifier: MIT */
/*
 * completion: scripts for shells, made from the tables of verbs and options. What a word is to be
 * is read off its name in help: FILE, DIR, HOST, NAME and so on.
 */
#ifndef CMIGRATE_COMPLETION_H
#define CMIGRATE_COMPLETION_H

#include "cmigrate/base/options.h"
#include "cmigrate/base/str.h"
#include "cmigrate/cli/cmd.h"

enum completion_kind {
	COMPLETE_NOTHING,
	COMPLETE_CHOICE, /* one of the words between '|' */
	COMPLETE_FILE,
	COMPLETE_DIR,
	COMPLETE_HOST,
	COMPLETE_CONTAINER,
	COMPLETE_VERB,
};

/* What an argument of that name ("HOST", "bash|zsh") is. */
enum completion_kind completion_kind(const char *placeholder);
/* The value of an option; COMPLETE_NOTHING for a flag too. *ret_choices as completion_words(). */
enum completion_kind completion_option_kind(const struct opt *opt, const char **ret_choices);
/* The arguments in a verb's synopsis without brackets: "NAME", "DEST", "HOST...". */
void completion_arguments(const struct verb *verb, struct argv *ret);
/* "a|b|c" as "a b c". Owned by the caller. */
char *completion_words(const char *choices);

typedef void completion_fn(const struct verb *const *table, const struct opt *globals,
			   struct buf *out);
completion_fn completion_bash, completion_zsh, completion_fish;

#endif
