/* SPDX-License-Identifier: MIT */
/* place_rule: where a container may be, by the annotations org.cmigrate.hosts and .group. */
#ifndef CMIGRATE_PLACE_RULE_H
#define CMIGRATE_PLACE_RULE_H

#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

struct place_rule {
	char *group;	   /* NULL: none */
	bool together;	   /* its members are to be on one host; otherwise each on another */
	struct argv hosts; /* empty: all */
	bool but;	   /* all hosts but those */
};

/* "NAME", "NAME:spread" (the same) or "NAME:together". EXIT_USAGE: it is none; *ret is untouched.
 */
int place_rule_group(struct place_rule *ret, const char *text, struct err *err);
/* "rhel01,rhel02" or "!rhel03,!rhel04"; commas or blanks. EXIT_USAGE: it is neither. */
int place_rule_hosts(struct place_rule *ret, const char *text, struct err *err);
/* Whether org.cmigrate.hosts allows a host ("user@host": as "host"). */
bool place_rule_allows(const struct place_rule *rule, const char *host);
/* Whether both are members of one group. */
bool place_rule_same(const struct place_rule *rule, const struct place_rule *other);
/* The hosts as they are written in the annotation. Owned by the caller. */
char *place_rule_hosts_text(const struct place_rule *rule);
void place_rule_clear(struct place_rule *rule);

#endif
