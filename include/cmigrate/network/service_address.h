/* SPDX-License-Identifier: MIT */
/*
 * place: the service address of a container that is started, not moved: nobody else answers for it,
 * it is put on its device and announced.
 */
#ifndef CMIGRATE_PLACE_H
#define CMIGRATE_PLACE_H

#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/host/facts.h"
#include "cmigrate/host/host.h"

struct placed {
	struct address added[ADDRESSES_MAX]; /* those that were not there before */
	size_t n;
};

/* Asks a host for its addresses and routes, in the container's network namespace if its
 * configuration names one; *ret is the caller's to clear. */
int place_look(struct host *host, const struct bundle *bundle, struct facts *ret, struct err *err);
/*
 * Brings the addresses up on the host and announces them. seen: of place_look(). wanted: those of
 * the bundle, each with its device (preflight_devices()). EXIT_REFUSED: another machine answers for
 * one. On failure nothing is left there, and *ret is untouched.
 */
int place_up(struct host *host, const struct bundle *bundle, const struct facts *seen,
	     const struct address *wanted, struct placed *ret, struct err *err);
/* Takes away again what place_up() has added. */
int place_undo(struct host *host, const struct bundle *bundle, const struct placed *placed,
	       struct err *err);
/* Takes the addresses of the bundle off the host, whichever device has them. */
int place_down(struct host *host, const struct bundle *bundle, struct err *err);

#endif
