/* SPDX-License-Identifier: MIT */
/* histories: the past moves of all containers of a bundle root, or of one. */
#ifndef CMIGRATE_HISTORIES_H
#define CMIGRATE_HISTORIES_H

#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/history/history.h"
#include "cmigrate/host/host.h"

struct histories {
	struct history *v; /* by name */
	size_t n;
	struct argv unread; /* a line for each history that could not be read, or not all of it */
};
#define CLEANUP_HISTORIES __attribute__((cleanup(histories_clear)))

/*
 * Reads them through a host that has the directory. name NULL: of all containers that have one. One
 * that can't be read is told in `unread` and left out. EXIT_FAILED: the directory can't be
 * searched; EXIT_REFUSED: there is no bundle of that name.
 */
int histories_load(struct host *host, const char *root, const char *name, struct histories *ret,
		   struct err *err);
/*
 * All their records by time, oldest first, borrowed; as many as *ret_n says. since: those that
 * started then or later (seconds since 1970; 0: all); limit: the last so many (0: all). The list is
 * the caller's to free.
 */
const struct record **histories_rows(const struct histories *all, int64_t since, unsigned limit,
				     size_t *ret_n);
void histories_clear(struct histories *all);

#endif
