/* SPDX-License-Identifier: MIT */
/* summary: what came of a move; the last line of --json, the timeline on a terminal. */
#ifndef CMIGRATE_SUMMARY_H
#define CMIGRATE_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/criu/pre_copy.h"

struct summary_step {
	char *name;
	double start_ms; /* since the start of the operation */
	double ms;
	bool frozen; /* ran while the container was frozen */
};

struct summary {
	char *container, *source, *destination;
	char *strategy; /* what was used: "cold", ... */
	char *outcome; /* "moved", "undone", "refused", "in-doubt", "silent"; of recover also "lost"
			*/
	int exit_code;
	double outage_ms; /* freeze start to the first answer; negative: not known */
	double freeze_ms; /* first process stopped to the last one running again; negative: not
			     known */
	double total_ms;  /* negative: it never began, or that is not known */
	double freeze_start_ms; /* on the scale of the steps; negative: never frozen */
	struct summary_step *steps;
	size_t n_steps;
	struct precopy_pass *passes;
	size_t n_passes;
	uint64_t memory_bytes; /* 0: not known */
	char *packets; /* what became of packets during the freeze: "queued", "dropped", NULL: no
			  address */
	char *answered_by; /* first line of the endpoint's first answer, or NULL */
	char *error;	   /* NULL where none */
};

void summary_step_add(struct summary *s, const char *name, double start_ms, double ms, bool frozen);
void summary_clear(struct summary *s);
/* The summary object of design: {"event":"summary",...}. A new reference. */
json_t *summary_json(const struct summary *s);
/* Back from summary_json()'s form (for `history`); -1 with EXIT_USAGE where a field is of a wrong
 * type. */
int summary_read(const json_t *object, struct summary *ret, struct err *err);

#endif
