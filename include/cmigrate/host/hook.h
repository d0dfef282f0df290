/* SPDX-License-Identifier: MIT */
/* hook: runs a program of the operator on this machine at some point of a move; no shell. */
#ifndef CMIGRATE_HOOK_H
#define CMIGRATE_HOOK_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"

/*
 * Runs the words of a configured hook; 0 at once if there are none. "{host}" in a word becomes
 * `host` (NULL: it stays). env: KEY=VALUE words, or NULL. The limit is a minute. -1 with
 * EXIT_FAILED if it can't be run, doesn't end in time, or ends with a status other than 0.
 */
int hook_run(const struct argv *hook, const char *host, char *const *env,
	     const struct events *events, struct err *err);

#endif
