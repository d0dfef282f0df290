/* SPDX-License-Identifier: MIT */
/*
 * place: the service address of a container that is started, not moved: its device is found, nobody
 * else answers for it, it is put there and announced.
 */
#ifndef CMIGRATE_PLACE_H
#define CMIGRATE_PLACE_H

#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/host/host.h"

struct placed {
	struct address added[ADDRESSES_MAX]; /* those that were not there before */
	size_t n;
};

/*
 * Brings the addresses of the bundle up on the host, in the container's network namespace where its
 * configuration names one. Devices: the one that an address names, the host's configured one, the
 * one whose network holds it. EXIT_REFUSED: there is none, or another machine answers for an
 * address. On failure nothing is left behind.
 */
int place_up(struct host *host, const struct bundle *bundle, struct placed *ret, struct err *err);
/* Takes away again what place_up() has added. */
int place_undo(struct host *host, const struct bundle *bundle, const struct placed *placed,
	       struct err *err);
/* Takes the addresses of the bundle off the host, whichever device has them. */
int place_down(struct host *host, const struct bundle *bundle, struct err *err);

#endif
