/* SPDX-License-Identifier: MIT */
/* suggest: finds the known word that a misspelt one probably means. */
#ifndef CMIGRATE_SUGGEST_H
#define CMIGRATE_SUGGEST_H

#include <stdbool.h>

#include "cmigrate/base/err.h"

/*
 * The word of the NULL-terminated list that is nearest to `word`. A word that begins with it, or
 * that it begins with, wins over one that differs in a few letters. The result points into the
 * list; NULL if none is near (more than three letters differ, or the word is empty or longer than
 * 63 bytes).
 */
const char *suggest(const char *word, const char *const *known);
/* Adds "did you mean 'PREFIXWORD'?" to an error. False, and nothing is added, if no word is
 * near. */
bool suggest_append(struct err *err, const char *prefix, const char *word,
		    const char *const *known);
/* EXIT_USAGE, with the whole list, if the word is not in it. */
int suggest_check(const char *word, const char *const *known, struct err *err);

#endif
