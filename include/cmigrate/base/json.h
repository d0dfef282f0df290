/* SPDX-License-Identifier: MIT */
/*
 * json: reads JSON from a file or a host, with bounds and with errors that name the place. Every
 * getter takes the path of the object (such as "move.timeout") for its message.
 */
#ifndef CMIGRATE_DOCUMENT_H
#define CMIGRATE_DOCUMENT_H

#include <jansson.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

/* A larger text is no configuration. */
#define JSON_TEXT_MAX (1024 * 1024)

/*
 * Parses a text; `what` names it in messages ("/etc/cmigrate/config.json"). The result is an object
 * without duplicate keys; a new reference. 2^64-1 is accepted: it becomes UNLIMITED
 * (json_uint64.h). NULL with EXIT_USAGE: too long, nested too deep, not JSON (line and column), or
 * no object.
 */
json_t *json_parse(const char *text, size_t len, const char *what, struct err *err);
/* Reads at most JSON_TEXT_MAX bytes of a file and parses them. */
json_t *json_read_file(const char *path, struct err *err);

/* Getters of one key: an absent key leaves the output untouched, a value of another type is
 * EXIT_USAGE. */
int json_get_string(const json_t *object, const char *path, const char *key, char **ret,
		    struct err *err);
int json_get_uint(const json_t *object, const char *path, const char *key, unsigned *ret,
		  struct err *err);
/* As json_get_uint(), but at least 1. */
int json_get_count(const json_t *object, const char *path, const char *key, unsigned *ret,
		   struct err *err);
int json_get_number(const json_t *object, const char *path, const char *key, double *ret,
		    struct err *err);
int json_get_strings(const json_t *object, const char *path, const char *key, struct argv *ret,
		     struct err *err);
/* The object at a key, borrowed; NULL if it is absent. */
int json_get_object(const json_t *object, const char *path, const char *key, const json_t **ret,
		    struct err *err);
/* Refuses a key that is not in `known` (NULL-ended); the message has its path and the nearest known
 * key. */
int json_check_keys(const json_t *object, const char *path, const char *const *known,
		    struct err *err);
/* "path.key", or "key" if path is "". Owned by the caller. */
char *json_path(const char *path, const char *key);

#endif
