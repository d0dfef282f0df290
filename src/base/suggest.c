/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/suggest.h"

#include <stddef.h>
#include <string.h>

#include "cmigrate/base/str.h"

/* str_distance() counts longer words as far from all others. */
#define LENGTH_MAX 63
/* If more letters differ, a suggestion is a guess. */
#define NEAR 3
/* Two letters in common at the start may be chance: "CAP", "tcp". */
#define PREFIX_MIN 3

/* A prefix beats the edit distance: "NET_BIND" is nearer to "NET_BIND_SERVICE" than to
 * "NET_RAW". */
static size_t distance(const char *word, const char *known)
{
	size_t shared = 0, length = strlen(word), known_length = strlen(known);

	while (word[shared] && word[shared] == known[shared])
		shared++;
	if (shared >= PREFIX_MIN && (shared == length || shared == known_length))
		return 1;
	return str_distance(word, known);
}

const char *suggest(const char *word, const char *const *known)
{
	const char *best = NULL;
	size_t best_distance = NEAR + 1;

	if (!*word || strlen(word) > LENGTH_MAX)
		return NULL;
	for (; *known; known++) {
		size_t d = distance(word, *known);
		if (d < best_distance) {
			best_distance = d;
			best = *known;
		}
	}
	return best;
}

bool suggest_append(struct err *err, const char *prefix, const char *word, const char *const *known)
{
	const char *nearest = suggest(word, known);

	if (nearest)
		(void)err_append(err, "did you mean '%s%s'?", prefix, nearest);
	return nearest != NULL;
}

int suggest_check(const char *word, const char *const *known, struct err *err)
{
	CLEANUP_BUF struct buf all = {0};

	for (; *known; known++) {
		if (strcmp(word, *known) == 0)
			return 0;
		buf_printf(&all, "%s%s", all.len ? ", " : "", *known);
	}
	return err_set(err, EXIT_USAGE, "'%.40s' is not one of %s", word, all.s);
}
