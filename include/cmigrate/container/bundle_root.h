/* SPDX-License-Identifier: MIT */
/* bundles: the directory of all bundles, on a host that has it. */
#ifndef CMIGRATE_BUNDLES_H
#define CMIGRATE_BUNDLES_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/host.h"

/*
 * A host that has the directory `root`: the one named `on`, or where that is NULL this machine,
 * else the first configured host that has it. EXIT_REFUSED: none has; EXIT_FAILED: none is known to
 * have, and one could not be asked. Owned by the caller.
 */
struct host *bundles_host(const struct config *config, const char *root, const char *on,
			  const struct events *events, struct err *err);
/* Adds the names of the containers whose store has that file, sorted. */
int bundles_with(struct host *host, const char *root, const char *file, struct argv *names,
		 struct err *err);

#endif
