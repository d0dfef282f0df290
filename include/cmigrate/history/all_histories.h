/* SPDX-License-Identifier: MIT */
/* all_histories: the past moves of all containers of a bundle root, or of one. */
#ifndef CMIGRATE_ALL_HISTORIES_H
#define CMIGRATE_ALL_HISTORIES_H

#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/cordon.h"
#include "cmigrate/history/history.h"
#include "cmigrate/host/host.h"

struct all_histories {
	struct history *v; /* by name */
	size_t n;
	struct cordons cordons; /* hosts that nothing is to be moved to, if they were asked for */
	struct argv unread;	/* a line for each history that could not be read completely */
};
#define CLEANUP_ALL_HISTORIES __attribute__((cleanup(all_histories_clear)))

/*
 * Reads the histories through a host that has the directory. name NULL: of all containers. An
 * unreadable history adds a line to `unread`. EXIT_FAILED: the directory can't be searched;
 * EXIT_REFUSED: there is no bundle of that name.
 */
int all_histories_load(struct host *host, const char *root, const char *name,
		       struct all_histories *ret, struct err *err);
/* Adds the marks of hosts, for metrics. */
int all_histories_load_cordons(struct host *host, struct all_histories *all, struct err *err);
/*
 * Lists their records by time, oldest first. The records are borrowed, the list is the caller's to
 * free. since: only those started then or later (seconds since 1970; 0: all). limit: only the last
 * ones (0: all).
 */
const struct record **all_histories_rows(const struct all_histories *all, int64_t since,
					 unsigned limit, size_t *ret_n);
void all_histories_clear(struct all_histories *all);

#endif
