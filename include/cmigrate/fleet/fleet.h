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
#include "cmigrate/fleet/plan.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/facts.h"

struct fleet_host {
	char *name;
	bool answers;
	struct err err;	    /* why not */
	uint64_t capacity;  /* bytes for containers: as configured, else all there is */
	uint64_t available; /* bytes of it that are free now */
	unsigned cpus;
	double pressure; /* percent of the time in which some process waited for a processor, last
			    minute; where the kernel doesn't tell it, the load average of each
			    processor in percent */
};

struct fleet {
	struct fleet_host *hosts;
	size_t n_hosts;
	struct containers containers; /* by name */
};
#define CLEANUP_FLEET __attribute__((cleanup(fleet_clear)))

/* What is made alike. */
enum fleet_by { BY_MEMORY, BY_PRESSURE, BY_COUNT };
/* Their words, in that order; ended by NULL. */
extern const char *const fleet_by_words[];

/* One round trip to each of the named hosts. -1 only where a name is no host; a silent one has a
 * row. */
int fleet_ask(const struct config *config, const struct argv *names, const struct events *events,
	      struct fleet *ret, struct err *err);
/* Fills a host's row from what list.sh said there, without containers. */
void fleet_host_read(struct fleet_host *host, const struct config_host *row,
		     const struct facts *facts);
/* The number of a host; n_hosts where there is none of that name. */
size_t fleet_find(const struct fleet *fleet, const char *name);
/* Containers of a host whose processes exist. */
size_t fleet_count(const struct fleet *fleet, const char *host);
/* "rhel02: no answer: ...; ..." of those that gave none, "" where all did. Owned by the caller. */
char *fleet_silent(const struct fleet *fleet);

/* "memory", "pressure" or "count" (NULL: memory); EXIT_USAGE where it is none of them. */
int fleet_by(const char *word, enum fleet_by *ret, struct err *err);
/*
 * The fleet as the planner wants it: a host for each that answers, an item for each container that
 * lives there. ret_containers[i] is the container of item i, ret_hosts[h] the row of host h; all
 * three arrays and those of *ret are freed by fleet_problem_clear(). Not set: refused, threshold,
 * max_moves.
 */
struct fleet_problem {
	struct plan_problem plan;
	struct plan_host *hosts;
	struct plan_item *items;
	bool *refused;
	const struct fleet_host **rows;
	const struct container **containers;
};
void fleet_problem(const struct fleet *fleet, enum fleet_by by, struct fleet_problem *ret);
void fleet_problem_clear(struct fleet_problem *problem);

void fleet_clear(struct fleet *fleet);

#endif
