/* SPDX-License-Identifier: MIT */
/* status: everything known of one container now, from all hosts, its bundle and its endpoints. */
#ifndef CMIGRATE_STATUS_H
#define CMIGRATE_STATUS_H

#include <jansson.h>
#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/container/container.h"
#include "cmigrate/container/cordon.h"
#include "cmigrate/container/journal.h"
#include "cmigrate/host/ask_all.h"

/* The answers of all hosts, and what was found beside the bundle. */
struct status {
	struct replies replies;
	struct containers list; /* of this name: usually one */
	struct cordons marks;	/* of all hosts */
	struct bundle bundle;
	struct host *at;   /* has the shared directory: borrowed from replies, or NULL */
	bool configured;   /* bundle has config.json's contents */
	bool checkpointed; /* there are images of a `cmigrate checkpoint` */
	struct journal_state journal;
	char *journal_error; /* the journal exists and can't be read; or NULL */
};
#define CLEANUP_STATUS __attribute__((cleanup(status_clear)))

/* Adds the containers and the marks of all answers to "list". An answer that is no list counts as
 * failed. */
void status_collect(struct replies *replies, struct containers *ret, struct cordons *ret_marks);
/* The mark as `list` and `status` print it in JSON; null for NULL. A new reference. */
json_t *status_mark_json(const struct cordon *mark);
/*
 * Asks these hosts, or if there are none all known ones, at once; then reads config.json and
 * journal. -1 only if a name is invalid.
 */
int status_gather(const struct app *app, const char *name, const struct argv *hosts,
		  struct status *ret, struct err *err);
/* A host has the container, a move of it is unfinished, or it can be restored. */
bool status_known(const struct status *s);
/* The object that `status --json` prints. Asks the endpoints. A new reference. */
json_t *status_json(const struct status *s);
void status_clear(struct status *s);

#endif
