/* SPDX-License-Identifier: MIT */
/* suggest: the known word that an unknown one was most likely meant to be. */
#ifndef CMIGRATE_SUGGEST_H
#define CMIGRATE_SUGGEST_H

#include <stdbool.h>

#include "cmigrate/base/err.h"

/*
 * The word of the NULL-terminated list that is nearest to `word`: one that begins with it, or one
 * it begins with, before one that differs in a few letters. Points into the list; NULL if none is
 * near (more than three letters differ, or the word is empty or longer than 63 bytes).
 */
const char *suggest(const char *word, const char *const *known);
/* Adds "did you mean 'PREFIXWORD'?" to an error; false, and nothing is added, if no word is near.
 */
bool suggest_append(struct err *err, const char *prefix, const char *word,
		    const char *const *known);
/* EXIT_USAGE with all of them if the word is none of the list. */
int suggest_check(const char *word, const char *const *known, struct err *err);

#endif
