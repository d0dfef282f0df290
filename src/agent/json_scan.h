/* SPDX-License-Identifier: MIT */
/* json_scan: single values of a JSON text (runc's state, config.json), without a library. */
#ifndef CMIGRATE_AGENT_JSON_SCAN_H
#define CMIGRATE_AGENT_JSON_SCAN_H

#include <stddef.h>

/*
 * The value at a path of member names, as in "linux.cgroupsPath": a string without its quotes and
 * escapes, a number, true, false or null as it is written, an object or array as its text. Of two
 * members with one name the first counts. NULL if there is none, or the text up to there is no
 * JSON. Owned by the caller. Nesting is bounded, and so is the time: linear.
 */
char *json_scan(const char *text, size_t len, const char *path);

#endif
