/* SPDX-License-Identifier: MIT */
/* claim: one container on one host, locked by a verb that starts or ends it there. */
#ifndef CMIGRATE_CLAIM_H
#define CMIGRATE_CLAIM_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/options.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/container/container.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/host/host.h"

/* The options of verbs that end a container; `claim` in the option struct of the verb. */
struct claim_opts {
	char *on;
	struct argv addresses;
};
#define CLAIM_OPTS(type)                                                                           \
	OPT(type, claim.on, "on", 0, OPT_STRING, "HOST",                                           \
	    "host that has the container (found by asking)"),                                      \
		{.name = "from",                                                                   \
		 .kind = OPT_STRING,                                                               \
		 .offset = offsetof(type, claim.on),                                               \
		 .arg = "HOST",                                                                    \
		 .help = "",                                                                       \
		 .hidden = true},                                                                  \
		OPT(type, claim.addresses, "address", 0, OPT_STRINGS, "ADDRESS",                   \
		    "address to take down instead of the configured; repeatable")

struct claim {
	struct host *host;
	struct bundle bundle;
	struct state_dir state_dir;
	struct state_dir_lock lock;
};
#define CLEANUP_CLAIM __attribute__((cleanup(claim_clear)))

/* Sets up the container `name` on the host `host`. EXIT_USAGE: a name is invalid. */
int claim_init(struct claim *claim, const struct app *app, const char *name, const char *host,
	       struct err *err);
/*
 * Finds the container, claims it (claim_take()) and reads what runc knows of it into *ret. Looks on
 * the host opts->on, or asks all hosts (NULL). If no host was found, the error is locate()'s and
 * host stays NULL; otherwise the error is that of the failing call. EXIT_USAGE: an option is
 * invalid.
 */
int claim_find(struct claim *claim, const struct app *app, const char *name,
	       const struct claim_opts *opts, struct container *ret, struct err *err);
/* Releases the lock too. */
void claim_clear(struct claim *claim);

/*
 * Takes the container's lock, held until claim_clear(), and refuses if an unfinished journal
 * exists: EXIT_BUSY. A missing bundle can't be moved, so it needs no lock.
 */
int claim_take(struct claim *claim, struct err *err);
/* Reads config.json on the host into claim->bundle. EXIT_USAGE: it is missing or invalid. */
int claim_read_config(struct claim *claim, struct err *err);
/* Replaces the configured addresses by these; does nothing if there are none. */
int claim_set_addresses(struct claim *claim, const struct argv *addresses, struct err *err);
/* Whether `cmigrate restore` has something to restore. */
int claim_has_checkpoint(struct claim *claim, bool *ret, struct err *err);
/* Reads what runc on the host knows of the container. EXIT_REFUSED: nothing. */
int claim_container(struct claim *claim, struct container *ret, struct err *err);

/*
 * Ends the container: SIGTERM, after `seconds` SIGKILL (0: at once), and removes runc's state.
 * *ret_how (or NULL): "gone", "stopped" (it had ended), "term", "kill"; owned by the caller.
 */
int claim_end(struct claim *claim, unsigned seconds, char **ret_how, struct err *err);
/*
 * Ends the container as claim_end() does and takes its addresses off the host: the given ones, else
 * those it was started with, else the configured ones. A problem with an address does not keep the
 * container from being ended.
 */
int claim_remove(struct claim *claim, const struct container *c, const struct argv *addresses,
		 unsigned seconds, char **ret_how, struct err *err);

/*
 * Prints the summary of a verb, {"event":"summary",...}, with --json only. Steals `more`, further
 * members or NULL.
 */
void claim_summary(const struct app *app, const struct claim *claim, const char *outcome,
		   json_t *more, const struct err *err);

#endif
