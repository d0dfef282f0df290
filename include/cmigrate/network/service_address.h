/* SPDX-License-Identifier: MIT */
/*
 * service_address: the service address of a container that is started, not moved. Nobody else may
 * answer for it; it is added to its device and announced.
 */
#ifndef CMIGRATE_PLACE_H
#define CMIGRATE_PLACE_H

#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/host/facts.h"
#include "cmigrate/host/host.h"

struct placed {
	struct address added[ADDRESSES_MAX]; /* addresses that were not there before */
	size_t n;
};

/* Asks a host for its addresses and routes, in the container's network namespace if its
 * configuration names one. The caller clears *ret. */
int service_address_look(struct host *host, const struct bundle *bundle, struct facts *ret,
			 struct err *err);
/*
 * Adds the addresses on the host and announces them. seen: from service_address_look(). wanted: the
 * bundle's addresses, each with its device (preflight_devices()). EXIT_REFUSED: another machine
 * answers for one. On failure nothing stays there, and *ret is untouched.
 */
int service_address_add(struct host *host, const struct bundle *bundle, const struct facts *seen,
			const struct address *wanted, struct placed *ret, struct err *err);
/* Removes the addresses that service_address_add() has added. */
int service_address_undo(struct host *host, const struct bundle *bundle,
			 const struct placed *placed, struct err *err);
/* Removes the bundle's addresses from the host, whichever device has them. */
int service_address_remove(struct host *host, const struct bundle *bundle, struct err *err);

#endif
