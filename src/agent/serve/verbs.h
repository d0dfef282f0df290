/* SPDX-License-Identifier: MIT */
/*
 * verbs: everything that an agent does, one row each: its name, the fields that it takes and the
 * function that serves it. Returns an exit status: 0 done, 1 failed with a message.
 */
#ifndef CMIGRATE_AGENT_VERBS_H
#define CMIGRATE_AGENT_VERBS_H

#include "agent/request/request.h"

struct verb {
	const char *name;
	/* Keys, separated by blanks, in any order: KEY must be there once, KEY? may, KEY* any
	 * number of times, KEY+ at least once. A key has one kind of value everywhere: fields.c. */
	const char *fields;
	int (*serve)(struct request *req);
	bool touches; /* the container, if it runs here: then only from the bundle below the root */
};

extern const struct verb agent_verbs[];
const struct verb *verb_find(const char *name);
/* Whether a request may be served. verb: its verb, or NULL. If not, its messages say why; with
 * verbs_bounded() the system's log too. */
bool verb_may(struct request *req, const struct verb *verb);
/* The controller's key may do this work alone (cmigrate gate-keeper). */
void verbs_bounded(void);
/* Tells the system's log that such a key asked for something else. why: a line, which the
 * controller had a part in only if it is masked (str_mask()). Without verbs_bounded(): nothing. */
void verbs_log_refusal(const char *why);

#endif
