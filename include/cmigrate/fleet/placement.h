/* SPDX-License-Identifier: MIT */
/*
 * placement: chooses the host that a container is moved to, and tells which refusals make it
 * useless to try another host. Pure functions.
 */
#ifndef CMIGRATE_PLACEMENT_H
#define CMIGRATE_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/container/place_rule.h"
#include "cmigrate/history/summary.h"

/* The rule that decided between two hosts, or keeps a container from one. */
enum placement_rule {
	RULE_NONE,
	RULE_ONLY,	 /* there was one host to choose from */
	RULE_MEMORY,	 /* most memory left */
	RULE_CONTAINERS, /* about as much memory, and the fewest containers */
	RULE_FAILURES,	 /* the better host is one where moves failed */
	RULE_HOSTS,	 /* org.cmigrate.hosts */
	RULE_SPREAD,	 /* org.cmigrate.group */
	RULE_TOGETHER,
};
/* "only", "memory", ..., "hosts", "spread", "together". */
const char *placement_rule_word(enum placement_rule rule);

struct placement_host {
	const char *name;
	uint64_t capacity;	    /* bytes for containers */
	uint64_t available;	    /* bytes of it free now, without moves that are under way */
	uint64_t planned;	    /* bytes under way to it, or arrived since */
	size_t n_planned;	    /* containers, likewise */
	size_t n_carried;	    /* containers it had at the start */
	size_t n_moving;	    /* moves into it now */
	size_t n_failed;	    /* moves into it that failed: other hosts are preferred */
	bool refused;		    /* by its checks, or it does not answer */
	enum placement_rule barred; /* by an annotation of the container; RULE_NONE: it isn't */
};

#define PLACEMENT_NONE (-1)  /* no host has room and has not refused */
#define PLACEMENT_LATER (-2) /* a host has, but as many moves into it as allowed are under way */

/*
 * Chooses among the hosts with the fewest failures the one with the most memory left after the
 * move. Among hosts with about the same (at most a sixteenth less), the one with the fewest planned
 * wins, then the fewest carried, then the first. max_moving: moves into a host at once. *ret_rule:
 * if a host was chosen, the rule that decided: the one that bars the host that would have been
 * chosen, otherwise how the chosen one differs from the next. If none is left, the rule that bars a
 * host with room, or RULE_NONE.
 */
int placement_choose(const struct placement_host *hosts, size_t n, uint64_t memory,
		     size_t max_moving, enum placement_rule *ret_rule);
/* A container and where it is, for rules about groups. */
struct placement_member {
	const struct place_rule *rule;
	const char *host;
};
/*
 * The rule that bars a container from `host`: members are the others that live, not counting those
 * that are still on the host that is drained.
 */
enum placement_rule placement_bar(const struct place_rule *rule, const char *host,
				  const struct placement_member *members, size_t n);

/*
 * Whether the reason of a refusal is the container or its source alone, so that every destination
 * would refuse it. False for an unknown cause.
 */
bool placement_refusal_is_final(const struct summary *summary);
/* Whether this host did not answer. */
bool placement_is_lost(const struct summary *summary, const char *host);

#endif
