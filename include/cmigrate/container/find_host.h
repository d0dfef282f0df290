/* SPDX-License-Identifier: MIT */
/* find_host: finds the host that has a container. It asks this machine and all configured hosts at
 * once. */
#ifndef CMIGRATE_LOCATE_H
#define CMIGRATE_LOCATE_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/ask_all.h"
#include "cmigrate/host/config.h"

/*
 * Finds the host whose `runc state` knows the container, in any state; a running or paused one wins
 * over a stopped one. Without a configuration only this machine is asked. EXIT_REFUSED: no host has
 * it ("no container 'x' on rhel01, rhel02"; without a configuration the message suggests --on), or
 * two have it running. EXIT_BUSY: two have it, in the middle of a move. If none has it, the message
 * names the hosts that didn't reply. *ret_host is owned by the caller. needed: a host that the
 * caller asks again later, or NULL; EXIT_REFUSED if it doesn't reply now. serves: the id of the
 * move that the connections are for, or NULL. *ret_asked (empty before) has the hosts, still
 * connected, for replies_take(); the caller clears it in any case.
 */
int find_host_of(const struct config *config, const char *name, const char *needed,
		 const char *serves, const struct events *events, struct replies *ret_asked,
		 char **ret_host, struct err *err);
/*
 * 0 if no known host has the container, so that it may be started. EXIT_REFUSED: the message names
 * the host that has it, or one that can't be asked and might run it, unless that one is listed in
 * `off`.
 */
int find_host_none(const struct config *config, const char *name, const struct argv *off,
		   const struct events *events, struct err *err);

#endif
