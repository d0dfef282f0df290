/* SPDX-License-Identifier: MIT */
/* summary: the result of a move: the last line of --json, and the timeline on a terminal. */
#ifndef CMIGRATE_SUMMARY_H
#define CMIGRATE_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/check/warnings.h"
#include "cmigrate/criu/pre_copy.h"

struct summary_step {
	char *name;
	double start_ms; /* since the start of the operation */
	double ms;
	bool frozen; /* ran while the container was frozen */
};

/* The freeze was predicted to be, or was, longer than --max-downtime; or longer than it may ever
 * be. */
#define UNDONE_BY_PREDICTION "prediction"
#define UNDONE_BY_BOUND "max-downtime"
#define UNDONE_BY_LIMIT "freeze-limit"

struct summary {
	char *container, *source, *destination;
	char *strategy; /* the one that was used: "cold", ... */
	char *outcome; /* "moved", "undone", "refused", "in-doubt", "silent", "lost", "rehearsed" */
	int exit_code;
	double outage_ms; /* freeze start to the first answer; negative: not known */
	double freeze_ms; /* first process stopped to the last one running again; negative: not
			     known */
	double drain_ms;  /* after the restore, until all memory was there; negative: it was there
			     at once */
	double stall_ms;  /* the longest that a thread was seen to wait for a page of it; negative:
			     not known */
	double total_ms;  /* negative: it never began, or that is not known */
	double predicted_freeze_ms; /* before it began; negative: not known */
	char *undone_by;	    /* the rule that undid it: UNDONE_BY_*; NULL: none of them */
	double freeze_start_ms;	    /* on the scale of the steps; negative: never frozen */
	struct summary_step *steps;
	size_t n_steps;
	struct pre_copy_pass *passes;
	size_t n_passes;
	struct warnings warnings;
	uint64_t memory_bytes; /* 0: not known */
	uint64_t image_bytes;  /* of a rehearsal, a checkpoint that is kept; 0: not known */
	char *checkpoint;      /* id of the one that was made or restored; NULL: another */
	char *packets;	/* what happened to packets during the freeze: "queued", "dropped"; NULL: no
			   address */
	char *way_back; /* what a failure would have gone back to: the frozen "source" or a restore
			   from its "images"; NULL: a checkpoint or restore */
	char *answered_by; /* first line of the endpoint's first answer, or NULL */
	char *error;	   /* NULL if there is none */
	/* Fields of the error for code that decides. NULL: no error, or not known. */
	char *cause;	 /* err_cause_word() */
	char *check;	 /* the check that refused */
	char *lost_host; /* the host that did not answer */
};

void summary_step_add(struct summary *s, const char *name, double start_ms, double ms, bool frozen);
/* Sets the error and its cause. An err without a message sets none. */
void summary_set_error(struct summary *s, const struct err *err);
/* Ends it before the first step, with that error and exit code. */
void summary_refuse(struct summary *s, const struct err *err);
bool summary_has_cause(const struct summary *s, enum err_cause cause);
void summary_clear(struct summary *s);
/* {"event":"summary",...}, as described in cmigrate(1). A new reference. */
json_t *summary_json(const struct summary *s);
/* Reads the output of summary_json(). -1 with EXIT_USAGE: a field is of a wrong type. */
int summary_read(const json_t *object, struct summary *ret, struct err *err);

#endif
