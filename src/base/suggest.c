/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/suggest.h"

#include <stddef.h>
#include <string.h>

#include "cmigrate/base/str.h"

/* From here on str_distance() says "far away". */
#define FAR 63
/* Two letters in common at the start may be chance: "CAP", "tcp". */
#define PREFIX_MIN 3

/* "NET_BIND" is nearer to "NET_BIND_SERVICE" than to "NET_RAW", whatever the letters say. */
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
	size_t best_distance = FAR;

	if (!*word || strlen(word) > FAR)
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
