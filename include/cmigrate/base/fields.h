/* SPDX-License-Identifier: MIT */
/*
 * fields: a struct as JSON and back, by a table of its members. A record, a summary, an event and a
 * row of a list are each one such table, in the order in which they are written.
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
	FIELD_MS,     /* double in tenths; negative, or longer than thirty years: null */
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

/* A member under its own name, or under another. */
#define FIELD(type, member, kind) FIELD_AS(#member, type, member, kind)
#define FIELD_AS(name, type, member, kind)                                                         \
	{                                                                                          \
		name, kind, offsetof(type, member)                                                 \
	}

/* Adds the members to an object, and returns it. */
json_t *fields_json(const struct field *fields, const void *base, json_t *object);
/*
 * Reads them back; texts become the struct's own. A member that is absent or null is not known:
 * nothing, 0, and -1 for FIELD_MS. EXIT_USAGE: the object ("what") is none, or a member is of a
 * wrong type; *base is to be cleared then.
 */
int fields_read(const struct field *fields, void *base, const json_t *object, const char *what,
		struct err *err);
/* Frees the texts. */
void fields_clear(const struct field *fields, void *base);

/* Values alone, as the kinds above have them; new references. */
json_t *json_of_text(const char *text);
json_t *json_of_ms(double ms);
json_t *json_of_number(int64_t number);
json_t *json_of_words(const struct argv *words);
/* The object in one line, as the program writes all its JSON. NULL if it can't be; owned by the
 * caller. */
char *json_line(const json_t *object);

#endif
