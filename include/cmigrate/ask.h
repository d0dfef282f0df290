/* SPDX-License-Identifier: MIT */
/*
 * ask: one question put to several hosts at once. Each answers within its deadline or not at all: a
 * host that is off costs that much, however many there are.
 */
#ifndef CMIGRATE_ASK_H
#define CMIGRATE_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/config.h"
#include "cmigrate/err.h"
#include "cmigrate/event.h"
#include "cmigrate/host.h"
#include "cmigrate/str.h"

/* With LINK_GRACE_MS on top a host has 8 s to be reached and to answer. */
#define ASK_TIMEOUT_MS 4000

struct answer {
	struct host *host;
	struct job job;
	bool ok;	/* what it said is in job.out */
	struct err err; /* why not */
};

struct answers {
	struct answer *rows; /* in the order of the names */
	size_t n;
};
#define CLEANUP_ANSWERS __attribute__((cleanup(answers_clear)))

/* The hosts of the configuration; this machine where there are none, or in any case with here set.
 */
void ask_names(const struct config *config, bool here, struct argv *ret_names);
/* Runs the command on all of them. -1 only where a name is no host; a silent one is in its row. */
int ask(const struct config *config, const struct argv *names, const struct command *cmd,
	const struct events *events, struct answers *ret, struct err *err);
/* "rhel02: no answer: ...; rhel03: ..." of those that gave none; "" where all did. Owned by the
 * caller. */
char *answers_failures(const struct answers *answers);
void answers_clear(struct answers *answers);

#endif
