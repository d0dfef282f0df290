/* SPDX-License-Identifier: MIT */
/*
 * fields: a struct as JSON and back, by a table of its members. Records, summaries, events and rows
 * of a list each have one such table, in the order in which they are written.
 */
#ifndef CMIGRATE_FIELDS_H
#define CMIGRATE_FIELDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

enum field_kind {
	FIELD_TEXT,   /* char *; NULL is null */
	FIELD_FILLED, /* char *; "" is null too */
	FIELD_SAID,   /* char *; left out if NULL */
	FIELD_CODE,   /* int, 0 to 255 */
	FIELD_UINT,   /* unsigned, or an int that isn't negative */
	FIELD_MS,     /* double, one decimal; null if negative or above thirty years */
	FIELD_SIZE,   /* uint64_t; 0 is null */
	FIELD_COUNT,  /* uint64_t */
	FIELD_NUMBER, /* int64_t; negative is null */
	FIELD_FLAG,   /* bool */
};

struct field {
	const char *key; /* NULL ends a table */
	enum field_kind kind;
	size_t offset;
};

/* A member under its own name; FIELD_AS gives it another. */
#define FIELD(type, member, kind) FIELD_AS(#member, type, member, kind)
#define FIELD_AS(name, type, member, kind)                                                         \
	{                                                                                          \
		name, kind, offsetof(type, member)                                                 \
	}

/* Adds the members to an object and returns it. */
json_t *fields_json(const struct field *fields, const void *base, json_t *object);
/*
 * Reads the members back; the struct owns its texts. A member that is absent or null becomes NULL
 * or 0, and -1 for FIELD_MS. EXIT_USAGE: the object (called `what` in the message) is no object, or
 * a member has the wrong type; the caller clears *base then.
 */
int fields_read(const struct field *fields, void *base, const json_t *object, const char *what,
		struct err *err);
/* Frees the texts. */
void fields_clear(const struct field *fields, void *base);

/* Single values, written as the kinds above; new references. */
json_t *json_of_text(const char *text);
json_t *json_of_ms(double ms);
json_t *json_of_number(int64_t number);
json_t *json_of_words(const struct argv *words);
/* The object as one line, in the format of all our JSON. NULL if it can't be written; owned by the
 * caller. */
char *json_line(const json_t *object);

#endif
