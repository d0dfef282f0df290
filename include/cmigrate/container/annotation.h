/* SPDX-License-Identifier: MIT */
/*
 * annotation: what a config.json says about the moves of its container, the org.cmigrate.* keys.
 * `generate` writes them, people write them by hand, and every reader checks them here.
 */
#ifndef CMIGRATE_ANNOTATION_H
#define CMIGRATE_ANNOTATION_H

#include "cmigrate/base/err.h"

#define ANNOTATION_PREFIX "org.cmigrate."

#define ANNOTATION_ENDPOINT ANNOTATION_PREFIX "endpoint"	 /* URLs: name_check_endpoint() */
#define ANNOTATION_ADDRESS ANNOTATION_PREFIX "address"		 /* address_parse() */
#define ANNOTATION_STRATEGY ANNOTATION_PREFIX "strategy"	 /* auto, cold, pre-copy, ... */
#define ANNOTATION_TRANSPORT ANNOTATION_PREFIX "transport"	 /* shared or direct */
#define ANNOTATION_TCP ANNOTATION_PREFIX "tcp"			 /* established or close */
#define ANNOTATION_TIMEOUT ANNOTATION_PREFIX "timeout"		 /* seconds */
#define ANNOTATION_MAX_DOWNTIME ANNOTATION_PREFIX "max-downtime" /* milliseconds */
#define ANNOTATION_CRIU ANNOTATION_PREFIX "criu"		 /* CRIU's flags */
#define ANNOTATION_PIN ANNOTATION_PREFIX "pin"			 /* true: it stays where it is */

/* The words that two of them take, as option tables have choices. */
#define ANNOTATION_STRATEGIES "auto|cold|pre-copy|post-copy|hybrid"
#define ANNOTATION_TRANSPORTS "shared|direct"

/*
 * Checks one annotation. Keys outside of org.cmigrate.* belong to others and pass with any value.
 * Returns 0, or -1 with EXIT_USAGE: key and value are named, and for an unknown key the nearest
 * known one. Members of a list are separated by commas or blanks, those of criu by blanks.
 */
int annotation_check(const char *key, const char *value, struct err *err);

#endif
