/* SPDX-License-Identifier: MIT */
/*
 * probe: asks endpoints until they answer (libcurl). An answer is a complete HTTP response with a
 * status below 500, or for tcp:// an accepted connection. Proxies are not used, redirects not
 * followed, certificates not checked: it is asked whether the service is there, not who it is.
 */
#ifndef CMIGRATE_PROBE_H
#define CMIGRATE_PROBE_H

#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

struct probe;

/* urls: at least one, checked by name_check_endpoint(). Names are looked up here, once, and not in
 * probe_wait(). */
struct probe *probe_new(const struct argv *urls, struct err *err);
void probe_free(struct probe *probe);
/*
 * Asks every endpoint, each again every few ms, until all have answered. Returns 0 and the moment
 * of the last one's first answer (clock_now_us()), or -1 (EXIT_SILENT) with what the silent one
 * last said when `deadline` has passed or *cancel became nonzero (NULL: never).
 */
int probe_wait(struct probe *probe, int64_t deadline, const volatile int *cancel,
	       int64_t *ret_answered_us, struct err *err);
/* The three above in one: how many ms it took until all had answered, or -1 as probe_wait(),
 * timeout_ms from now at the latest (and what looking up the names takes). *ret_said gets what the
 * silent one last said, without its URL, "" for nothing; owned by the caller; may be NULL. */
double probe_now(const struct argv *urls, int timeout_ms, const volatile int *cancel,
		 char **ret_said, struct err *err);
/* First line of the first endpoint's last answer, at most 64 printable bytes; "" for tcp://. Owned
 * by the caller. */
char *probe_answer(const struct probe *probe);

#endif
