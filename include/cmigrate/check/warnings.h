/* SPDX-License-Identifier: MIT */
/* warnings: what the checks of a move warned of, as its summary and its record keep it. */
#ifndef CMIGRATE_WARNINGS_H
#define CMIGRATE_WARNINGS_H

#include <jansson.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/check/preflight.h"

/* There are not as many checks. */
#define WARNINGS_MAX 128

struct warning {
	char *check;   /* its id */
	char *message; /* one line; NULL: the record was too long for it */
	char *remedy;  /* one line, or NULL */
};

struct warnings {
	struct warning *rows;
	size_t n;
};

/* Replaces them by the warnings among the results, those that refuse the move (--strict) too. */
void warnings_of(const struct check_results *results, struct warnings *ret);
/* Copies the texts. */
void warnings_add(struct warnings *warnings, const char *check, const char *message,
		  const char *remedy);
/* [{"check", "message", "remedy"}, ...]. A new reference. */
json_t *warnings_json(const struct warnings *warnings);
/*
 * Reads the output of warnings_json() into an empty *ret; NULL and null are none. Control bytes are
 * masked. EXIT_USAGE: it isn't one, or has more than WARNINGS_MAX; the caller clears *ret then too.
 */
int warnings_read(const json_t *list, struct warnings *ret, struct err *err);
/* The ids as --skip-check takes them: "timers,scheduling". Owned by the caller. */
char *warnings_ids(const struct warnings *warnings);
void warnings_clear(struct warnings *warnings);

#endif
