/* SPDX-License-Identifier: MIT */
/*
 * annotation: the org.cmigrate.* keys of a config.json, its settings for moves. `generate` or a
 * person writes them; every reader checks them here.
 */
#ifndef CMIGRATE_ANNOTATION_H
#define CMIGRATE_ANNOTATION_H

#include "cmigrate/base/err.h"

#define ANNOTATION_PREFIX "org.cmigrate."

#define ANNOTATION_ENDPOINT ANNOTATION_PREFIX "endpoint"	 /* URLs: name_check_endpoint() */
#define ANNOTATION_ADDRESS ANNOTATION_PREFIX "address"		 /* address_parse() */
#define ANNOTATION_STRATEGY ANNOTATION_PREFIX "strategy"	 /* auto, cold, pre-copy, ... */
#define ANNOTATION_TRANSPORT ANNOTATION_PREFIX "transport"	 /* shared or direct */
#define ANNOTATION_ENCRYPT ANNOTATION_PREFIX "encrypt"		 /* required, if-possible or off */
#define ANNOTATION_TCP ANNOTATION_PREFIX "tcp"			 /* established or close */
#define ANNOTATION_TIMEOUT ANNOTATION_PREFIX "timeout"		 /* seconds */
#define ANNOTATION_MAX_DOWNTIME ANNOTATION_PREFIX "max-downtime" /* milliseconds */
#define ANNOTATION_IF_SLOW ANNOTATION_PREFIX "if-slow"		 /* go, abort or post-copy */
#define ANNOTATION_CRIU ANNOTATION_PREFIX "criu"		 /* CRIU's flags */
#define ANNOTATION_PIN ANNOTATION_PREFIX "pin" /* true: the container stays where it is */

#define ANNOTATION_GROUP ANNOTATION_PREFIX "group" /* place_rule_group() */
#define ANNOTATION_HOSTS ANNOTATION_PREFIX "hosts" /* place_rule_hosts() */

/* The words of four keys, in the form of an option table's choices. */
#define ANNOTATION_STRATEGIES "auto|cold|pre-copy|post-copy|hybrid"
#define ANNOTATION_TRANSPORTS "shared|direct"
#define ANNOTATION_ENCRYPTS "required|if-possible|off"
#define ANNOTATION_IF_SLOWS "go|abort|post-copy"

/*
 * Checks one annotation. Keys outside of org.cmigrate.* belong to others and pass with any value.
 * Returns 0, or -1 with EXIT_USAGE: the message has key and value, and for an unknown key the
 * nearest known one. Members of a list are separated by commas or blanks, those of criu by blanks.
 */
int annotation_check(const char *key, const char *value, struct err *err);

#endif
