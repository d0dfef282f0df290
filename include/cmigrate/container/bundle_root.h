/* SPDX-License-Identifier: MIT */
/* bundle_root: the directory of all bundles, on a host that has it. */
#ifndef CMIGRATE_BUNDLES_H
#define CMIGRATE_BUNDLES_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/host.h"

/*
 * A host with the directory `root`: the one named `on`, or if that is NULL this machine, else the
 * first configured host that has it. EXIT_REFUSED: none has it. EXIT_FAILED: none of those that
 * replied has it, and one could not be asked. Owned by the caller.
 */
struct host *bundle_root_host(const struct config *config, const char *root, const char *on,
			      const struct events *events, struct err *err);
/* A connection to it, and its own small files (cordon.h). {0} before bundle_root_reach(). */
struct bundle_root {
	struct host *host;
	struct state_dir state;
};
/* Connects to bundle_root_host() of the configured root, unless that is done. */
int bundle_root_reach(struct bundle_root *root, const struct config *config,
		      const struct events *events, struct err *err);
void bundle_root_clear(struct bundle_root *root);
/* Adds the sorted names of the containers below the host's root whose state directory has that
 * file. */
int bundle_root_with(struct host *host, const char *file, struct argv *names, struct err *err);

#endif
