/* SPDX-License-Identifier: MIT */
/* target: one container on one host, claimed for a verb that starts or ends it there. */
#ifndef CMIGRATE_TARGET_H
#define CMIGRATE_TARGET_H

#include "cmigrate/base/err.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/container/container.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/host/host.h"

struct target {
	struct host *host;
	struct bundle bundle;
	struct store store;
	struct store_lock lock;
};
#define CLEANUP_TARGET __attribute__((cleanup(target_clear)))
#define TARGET_INIT                                                                                \
	{                                                                                          \
		.lock = STORE_LOCK_INIT                                                            \
	}

/* The container `name` on the host of that name. EXIT_USAGE: one of the names is none. */
int target_init(struct target *t, const struct app *app, const char *name, const char *host,
		struct err *err);
/*
 * The container where it is, claimed (target_claim()), and what runc knows of it in *ret: on the
 * host `on`, or found by asking (NULL). Errors as of locate(): t->host stays NULL then; else as of
 * those used.
 */
int target_find(struct target *t, const struct app *app, const char *name, const char *on,
		struct container *ret, struct err *err);
/* Gives the lock back too. */
void target_clear(struct target *t);

/*
 * Takes the container's lock, held until target_clear(), and refuses over an unfinished journal:
 * EXIT_BUSY. A bundle that isn't there can't be moved: nothing to lock.
 */
int target_claim(struct target *t, struct err *err);
/* Reads config.json on the host into t->bundle. EXIT_USAGE: it isn't there, or something is wrong
 * in it. */
int target_read_config(struct target *t, struct err *err);
/* Puts these addresses in the place of those in the configuration; nothing to do where there are
 * none. */
int target_set_addresses(struct target *t, const struct argv *addresses, struct err *err);
/* Whether `cmigrate restore` has something to restore. */
int target_has_checkpoint(struct target *t, bool *ret, struct err *err);
/* What runc on the host knows of it. EXIT_REFUSED: nothing. */
int target_container(struct target *t, struct container *ret, struct err *err);

/*
 * Ends the container: SIGTERM, after `seconds` SIGKILL (0: at once), and removes runc's state.
 * *ret_how (or NULL): "gone", "stopped" (it was), "term", "kill"; owned by the caller.
 */
int target_end(struct target *t, unsigned seconds, char **ret_how, struct err *err);
/*
 * Ends it as above and takes its addresses off the host: those given, else those it was started
 * with, else those of its configuration. What is wrong with an address keeps nothing from ending.
 */
int target_remove(struct target *t, const struct container *c, const struct argv *addresses,
		  unsigned seconds, char **ret_how, struct err *err);

/* With --json the summary of a verb, {"event":"summary",...}; steals `more`, further members or
 * NULL. */
void target_summary(const struct app *app, const struct target *t, const char *outcome,
		    json_t *more, const struct err *err);

#endif
