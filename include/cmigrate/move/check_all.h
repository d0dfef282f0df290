/* SPDX-License-Identifier: MIT */
/* survey: the checks of a move of one container to each of several hosts, all asked at once. */
#ifndef CMIGRATE_SURVEY_H
#define CMIGRATE_SURVEY_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/check/preflight.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/move.h"

struct survey_host {
	char *name;
	bool answers;
	struct check_results checks; /* of a host that answers */
	struct err verdict;	     /* EXIT_DONE: it would take the container */
};

struct survey {
	char *source;
	struct survey_host *hosts; /* the configuration's without the source, in its order */
	size_t n;
};

/*
 * Takes the container's lock meanwhile if an interrupted move waits. Changes nothing and leaves
 * nothing behind. -1 with *ret empty if it can't be made at all: EXIT_USAGE, EXIT_REFUSED (no such
 * container, its source does not answer), EXIT_BUSY.
 */
int survey_make(const struct config *config, const struct move_opts *opts, const char *name,
		const struct events *events, struct survey *ret, struct err *err);
void survey_clear(struct survey *survey);

#endif
