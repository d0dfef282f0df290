/* SPDX-License-Identifier: MIT */
/*
 * suggest: the known word that an unknown one was most likely meant to be.
 */
#ifndef CMIGRATE_SUGGEST_H
#define CMIGRATE_SUGGEST_H

/*
 * The word of the NULL-terminated list that is nearest to `word`: one that begins with it, or one
 * it begins with, before one that differs in a few letters. Points into the list; NULL where none
 * is near at all (a word over 63 bytes, an empty one, an empty list).
 */
const char *suggest(const char *word, const char *const *known);

#endif
