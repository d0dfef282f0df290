/* SPDX-License-Identifier: MIT */
/*
 * ask: one question put to several hosts at once. Each answers within its deadline or not at all: a
 * host that is off costs that much, however many there are.
 */
#ifndef CMIGRATE_ASK_H
#define CMIGRATE_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/host.h"

/*
 * For an answer that takes a tenth of a second. It bounds a command that hangs: a host that can't be
 * reached, or is lost, is known by ssh's own limits before. LINK_GRACE_MS comes on top.
 */
#define ASK_TIMEOUT_MS 15000

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
/* ask() in two steps, for whoever goes on with one of the hosts: answers_open() makes them, each
 * with the mark (host.h) or NULL, and connects to none; -1 where a name is no host. */
int answers_open(const struct config *config, const struct argv *names, const char *mark,
		 const struct events *events, struct answers *ret, struct err *err);
void answers_ask(struct answers *answers, const struct command *cmd);
/* The host of that name, connected, where it has answered; else NULL. Owned by the caller then; its
 * row has none any more. */
struct host *answers_take(struct answers *answers, const char *name);
/* Whether a host of that name was asked and did not answer, and why: it needn't be waited for
 * again. */
bool answers_lost(const struct answers *answers, const char *name, struct err *ret_why);
/* Runs the command on all of them. -1 only where a name is no host; a silent one is in its row. */
int ask(const struct config *config, const struct argv *names, const struct command *cmd,
	const struct events *events, struct answers *ret, struct err *err);
/* "rhel02: no answer: ...; rhel03: ..." of those that gave none; "" where all did. Owned by the
 * caller. */
char *answers_failures(const struct answers *answers);
void answers_clear(struct answers *answers);

#endif
