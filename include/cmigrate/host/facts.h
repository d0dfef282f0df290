/* SPDX-License-Identifier: MIT */
/*
 * facts: the key and value lines that a host reports about itself (src/agent/host/facts.c). This is
 * input from elsewhere: bounded, printable, and read only through the getters.
 */
#ifndef CMIGRATE_FACTS_H
#define CMIGRATE_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows beyond this are left out; no host reports that many. */
#define FACTS_MAX 4096

struct fact {
	char *key, *value;
};

struct facts {
	struct fact *rows;
	size_t n;
};

/* Reads KEY=VALUE lines; lines without '=' are left out; control bytes are masked. */
void facts_parse(struct facts *facts, const char *text);
void facts_clear(struct facts *facts);
/* The first value of a key; "" if absent. */
const char *facts_get(const struct facts *facts, const char *key);
/* The i-th value of a key that may be repeated; NULL after the last. */
const char *facts_nth(const struct facts *facts, const char *key, size_t i);
bool facts_has(const struct facts *facts, const char *key, const char *value);
/* A value of digits alone; 0 if absent or anything else, UINT64_MAX if it is larger than that. */
uint64_t facts_uint(const struct facts *facts, const char *key);
/* A value that is JSON: a new reference, or NULL if it isn't JSON. */
json_t *facts_json(const struct facts *facts, const char *key);
/*
 * A version "1.3.6+ds1" as 10306, "4.2.1" as 40201; 0 if absent or not a version. Every part but
 * the first is capped at 99 (kernel 5.4.293 is 50499), so that it never counts as a higher one.
 */
unsigned facts_version(const struct facts *facts, const char *key);
#define VERSION(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

/* Drops a reference when the variable goes out of scope. */
#define CLEANUP_JSON __attribute__((cleanup(facts_json_drop)))
void facts_json_drop(json_t **value);

#endif
