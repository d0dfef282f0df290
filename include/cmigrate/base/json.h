/* SPDX-License-Identifier: MIT */
/*
 * document: JSON that comes from a file or a host, read with bounds and with errors that name the
 * place. Every getter takes the path of the object ("move.timeout" style) for its message.
 */
#ifndef CMIGRATE_DOCUMENT_H
#define CMIGRATE_DOCUMENT_H

#include <jansson.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

/* A configuration larger than this is not one. */
#define DOCUMENT_MAX (1024 * 1024)

/*
 * Parses a text; what: named in messages ("/etc/cmigrate/config.json"). The result is an object
 * without duplicate keys; a new reference. 2^64-1 is taken: it becomes UNLIMITED (unlimited.h).
 * NULL with EXIT_USAGE: too long, nested too deep, not JSON (line and column), or no object.
 */
json_t *document_parse(const char *text, size_t len, const char *what, struct err *err);
/* Reads at most DOCUMENT_MAX bytes of a file and parses them. */
json_t *document_load(const char *path, struct err *err);

/* What is at a key: untouched output where absent, EXIT_USAGE where of another type. */
int document_string(const json_t *object, const char *path, const char *key, char **ret,
		    struct err *err);
int document_uint(const json_t *object, const char *path, const char *key, unsigned *ret,
		  struct err *err);
/* As document_uint(), from 1. */
int document_count(const json_t *object, const char *path, const char *key, unsigned *ret,
		   struct err *err);
int document_number(const json_t *object, const char *path, const char *key, double *ret,
		    struct err *err);
int document_strings(const json_t *object, const char *path, const char *key, struct argv *ret,
		     struct err *err);
/* The object at a key, borrowed; NULL where absent. */
int document_object(const json_t *object, const char *path, const char *key, const json_t **ret,
		    struct err *err);
/* Refuses keys that are none of `known` (NULL-ended), naming the path and the nearest known one. */
int document_known(const json_t *object, const char *path, const char *const *known,
		   struct err *err);
/* "path.key", or "key" where path is "". Owned by the caller. */
char *document_path(const char *path, const char *key);

#endif
