/* SPDX-License-Identifier: MIT */
/* json_scan: single values of a JSON text (runc's state, config.json), without a library. */
#ifndef CMIGRATE_AGENT_JSON_SCAN_H
#define CMIGRATE_AGENT_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/str.h"

/*
 * The value at a path of member names, as in "linux.cgroupsPath": a string without its quotes and
 * escapes, a number, true, false or null as it is written, an object or array as its text. A name
 * may have dots itself, as in "annotations.org.cmigrate.pin", and be empty: "cgroup_paths.". Of two
 * members with one name the first counts. NULL if there is none, the text up to its end is no JSON,
 * or it is a string with a zero byte. Owned by the caller. Nesting is bounded, and so is the time:
 * linear.
 */
char *json_scan(const char *text, size_t len, const char *path);
/* Whether the whole text is one object. */
bool json_scan_is_object(const char *text, size_t len);
/* Adds the strings of the array at a path; other values in it are left out. 0; -1 if there is no
 * array, and ret may then have some of them. */
int json_scan_strings(const char *text, size_t len, const char *path, struct argv *ret);
/* The same of its objects, each as its text. */
int json_scan_objects(const char *text, size_t len, const char *path, struct argv *ret);
/* Adds a string as it is written in JSON, with its quotes. Bytes that are no UTF-8 stay as they
 * are. */
void json_scan_quote(struct buf *to, const char *s);

#endif
