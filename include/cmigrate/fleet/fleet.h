/* SPDX-License-Identifier: MIT */
/* fleet: what the hosts of the configuration carry at one moment, asked of all at once. */
#ifndef CMIGRATE_FLEET_H
#define CMIGRATE_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/container/container.h"
#include "cmigrate/container/cordon.h"
#include "cmigrate/fleet/plan.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/facts.h"

struct fleet_host {
	char *name;
	bool answers;
	struct err err;	    /* why it doesn't answer */
	uint64_t capacity;  /* bytes for containers: as configured, otherwise all memory */
	uint64_t available; /* bytes of the capacity that are free now */
	unsigned cpus;
	double pressure; /* percent of the last minute in which some process waited for a processor;
			    if the kernel doesn't tell it, the load average of each processor in
			    percent */
};

struct fleet {
	struct fleet_host *hosts;
	size_t n_hosts;
	struct containers containers; /* by name */
	struct cordons cordons;	      /* marks of hosts that nothing is to be moved to */
};
#define CLEANUP_FLEET __attribute__((cleanup(fleet_clear)))

/* The measure that is balanced. */
enum fleet_by { BY_MEMORY, BY_PRESSURE, BY_COUNT };
/* The words for it, in that order; ended by NULL. */
extern const char *const fleet_by_words[];

/* Asks each named host once. -1 only if a name is no host; a silent host has a row. */
int fleet_ask(const struct config *config, const struct argv *names, const struct events *events,
	      struct fleet *ret, struct err *err);
/* Fills a host's row from the output of "list" there, without containers. */
void fleet_host_read(struct fleet_host *host, const struct config_host *row,
		     const struct facts *facts);
/* Containers of a host whose processes exist. */
size_t fleet_count(const struct fleet *fleet, const char *host);
/* "rhel02: no answer: ...; ..." for silent hosts, "" if all answered. Owned by the caller. */
char *fleet_silent(const struct fleet *fleet);

/* "rhel03 is cordoned since ...; ..." for asked hosts other than `but` (or NULL), "" if there is
 * none. Owned by the caller. */
char *fleet_cordoned(const struct fleet *fleet, const char *but);

/* Reads "memory", "pressure" or "count" (NULL: memory). EXIT_USAGE: another word. */
int fleet_by(const char *word, enum fleet_by *ret, struct err *err);
/*
 * The fleet as input of the planner: a host for each that answers and is not cordoned, an item for
 * each container that lives there. rows[h] is the fleet's host of plan host h, containers[i] the
 * container of item i. With `rules` set refused and the
 * items' groups follow from the containers' annotations (place_rule.h). All arrays are freed by
 * fleet_problem_clear(). Not set: threshold, max_moves.
 */
struct fleet_problem {
	struct plan_problem plan;
	struct plan_host *hosts;
	struct plan_item *items;
	bool *refused;
	const struct fleet_host **rows;
	const struct container **containers;
};
void fleet_problem(const struct fleet *fleet, enum fleet_by by, bool rules,
		   struct fleet_problem *ret);
void fleet_problem_clear(struct fleet_problem *problem);

void fleet_clear(struct fleet *fleet);

#endif
