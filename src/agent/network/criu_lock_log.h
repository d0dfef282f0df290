/* SPDX-License-Identifier: MIT */
/* criu_lock_log: the rules for which CRIU's logs of a move show that CRIU made them. */
#ifndef CMIGRATE_AGENT_CRIU_LOCK_LOG_H
#define CMIGRATE_AGENT_CRIU_LOCK_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/str.h"

/* A rule of iptables, as the command that deletes it. */
struct criu_rule {
	char *deletion;
	int times; /* added, and not removed since */
};

struct criu_lock_log {
	struct criu_rule **rules;
	size_t n;
	struct argv runs; /* ids of its runs, from version 4.0 */
	struct argv pids; /* of the first processes that it dumped */
	bool whole;	  /* it has locked a whole network namespace */
	/* private */
	void *by_deletion;
	struct criu_rule *removed;
};
#define CLEANUP_CRIU_LOCK_LOG __attribute__((cleanup(criu_lock_log_clear)))

/* Reads a log after those that were read before; one that isn't there says nothing. */
void criu_lock_log_read(struct criu_lock_log *log, const char *path);
/* Whether CRIU has made the table inet NAME: it calls it CRIU- and the id of its run, shortened, or
 * before 4.0 the pid that it dumps. */
bool criu_lock_log_has_table(const struct criu_lock_log *log, const char *name);
void criu_lock_log_clear(struct criu_lock_log *log);

#endif
