/* SPDX-License-Identifier: MIT */
/*
 * ask_all: sends one command to several hosts at once. Each replies within its deadline or not at
 * all, so any number of hosts that are off costs one deadline.
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
 * For an answer that takes a tenth of a second. It bounds a command that hangs: a host that can't
 * be reached, or is lost, is known by ssh's own limits before. LINK_GRACE_MS comes on top.
 */
#define ASK_TIMEOUT_MS 15000

struct reply {
	struct host *host;
	struct job job;
	bool ok;	/* its output is in job.out */
	struct err err; /* the reason if ok is false */
};

struct replies {
	struct reply *rows; /* in the order of the names */
	size_t n;
};
#define CLEANUP_REPLIES __attribute__((cleanup(replies_clear)))

/* The hosts of the configuration. This machine is added if there are none or if `here` is set. */
void ask_all_names(const struct config *config, bool here, struct argv *ret_names);
/* ask_all() in two steps, for a caller that goes on with one of the hosts. replies_open() creates
 * the hosts, each for the move of the id `serves` or NULL, and connects to none; -1 if a name is
 * no host. */
int replies_open(const struct config *config, const struct argv *names, const char *serves,
		 const struct events *events, struct replies *ret, struct err *err);
void replies_ask(struct replies *replies, const struct command *cmd);
/* The host of that name, still connected, or NULL if it has not replied. The caller owns it; its
 * row has none afterwards. */
struct host *replies_take(struct replies *replies, const char *name);
/* Whether that host was asked and did not reply, and why. The caller needn't wait for it again. */
bool replies_lost(const struct replies *replies, const char *name, struct err *ret_why);
/* Runs the command on all of them. -1 only if a name is no host; the row of a silent host has its
 * error. */
int ask_all(const struct config *config, const struct argv *names, const struct command *cmd,
	    const struct events *events, struct replies *ret, struct err *err);
/* "rhel02: no answer: ...; rhel03: ..." for the hosts that did not reply; "" if all did. Owned by
 * the caller. */
char *replies_failures(const struct replies *replies);
/* "rhel01, rhel02": the hosts that replied; "" if none did. Owned by the caller. */
char *replies_names(const struct replies *replies);
/* "rhel01, the only host asked; name others with --on or hosts in the configuration" if one host
 * was asked because nothing names others. Otherwise NULL. Owned by the caller. */
char *replies_only_host(const struct replies *replies, const struct config *config);
void replies_clear(struct replies *replies);

#endif
