/* SPDX-License-Identifier: MIT */
/*
 * endpoint_probe: asks endpoints until they answer (libcurl). An answer is a complete HTTP response
 * with a status below 500 or the URL's own proof; for tcp:// a reply that proves the service, or
 * an accepted connection if the URL asks for no proof (endpoint.h). It uses no proxy, follows no
 * redirect and checks no certificate: the question is whether the service is up, not who it is.
 */
#ifndef CMIGRATE_PROBE_H
#define CMIGRATE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

struct probe;

/* urls: at least one, checked by name_check_endpoint(). Host names are resolved here, once, and not
 * in probe_wait(). */
struct probe *probe_new(const struct argv *urls, struct err *err);
void probe_free(struct probe *probe);
/* Asked again and again while a probe waits: true ends the wait. It must not wait itself. */
struct probe_stop {
	bool (*fn)(void *ctx);
	void *ctx;
};
/*
 * Asks every endpoint every few ms until all have answered. Returns 0 and the moment of the last
 * first answer (clock_now_us()), or -1 (EXIT_SILENT) with the last error of the silent endpoint,
 * when `deadline` has passed or `stop` says so (NULL: never).
 */
int probe_wait(struct probe *probe, int64_t deadline, const struct probe_stop *stop,
	       int64_t *ret_answered_us, struct err *err);
/* probe_new(), probe_wait() and the end of the probe in one call. Returns how many ms it took until
 * all had answered, or -1 as probe_wait() after timeout_ms (plus the time for resolving names).
 * *ret_said gets the last error of the silent endpoint without its URL, "" if there is none; owned
 * by the caller; may be NULL. */
double probe_now(const struct argv *urls, int timeout_ms, const struct probe_stop *stop,
		 char **ret_said, struct err *err);
/* First line of the first endpoint's latest answer, at most 64 printable bytes; "" for tcp://
 * without a proof. Owned by the caller. */
char *probe_answer(const struct probe *probe);

#endif
