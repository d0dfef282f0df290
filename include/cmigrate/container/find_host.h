/* SPDX-License-Identifier: MIT */
/* locate: which host has a container, asked of this machine and every host of the configuration at
 * once. */
#ifndef CMIGRATE_LOCATE_H
#define CMIGRATE_LOCATE_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/ask_all.h"
#include "cmigrate/host/config.h"

/*
 * Finds the host that knows the container (`runc state`), whatever its status; a running or paused
 * one wins over a stopped one. Without a configuration only this machine is asked. EXIT_REFUSED: no
 * host has it ("no container 'x' on rhel01, rhel02"; the remedy --from HOST where there is no
 * configuration), or two have it running; EXIT_BUSY: two, in the middle of a move. A host that
 * doesn't answer is named in the message when none has it. *ret_host is owned by the caller.
 * needed: a host that is going to be asked again, or NULL; where it doesn't answer now, that is
 * EXIT_REFUSED. mark: of what is run there, or NULL. *ret_asked (empty before) has the hosts, still
 * connected, for answers_take(); the caller clears it, in any case.
 */
int locate(const struct config *config, const char *name, const char *needed, const char *mark,
	   const struct events *events, struct answers *ret_asked, char **ret_host,
	   struct err *err);
/*
 * 0 where no known host has the container, so that it may be started. EXIT_REFUSED names the host
 * that has it, or one that can't be asked and might run it, unless that one is listed in `off`.
 */
int locate_none(const struct config *config, const char *name, const struct argv *off,
		const struct events *events, struct err *err);

#endif
