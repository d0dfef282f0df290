/* SPDX-License-Identifier: MIT */
/* hook: a program of the operator's, run here (never through a shell) at a point of a move. */
#ifndef CMIGRATE_HOOK_H
#define CMIGRATE_HOOK_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"

/*
 * Runs the words of a hook of the configuration; 0 at once where there are none. "{host}" in a word
 * becomes `host` (NULL: stays). env: KEY=VALUE words, or NULL. Bounded to a minute. -1 with
 * EXIT_FAILED where it can't be run, doesn't end, or ends with another status than 0.
 */
int hook_run(const struct argv *hook, const char *host, char *const *env,
	     const struct events *events, struct err *err);

#endif
