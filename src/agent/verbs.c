/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <string.h>

/* Each verb is declared here and has one row below, in the order of a move. */
int verb_address(struct request *req);
int verb_place(struct request *req);
int verb_ready(struct request *req);
int verb_run(struct request *req);
int verb_end(struct request *req);
int verb_criu_locks(struct request *req);
int verb_hold(struct request *req);
int verb_forward(struct request *req);
int verb_guard(struct request *req);

/* clang-format off */
const struct verb agent_verbs[] = {
	/* Nothing: shows that the agent answers, and gets its threads ready. */
	{"ready", "count", verb_ready, false},
	{"place", "op netns? address*", verb_place, false},
	{"address", "op netns? address*", verb_address, false},
	/* Starting and ending a container. */
	{"run", "container", verb_run, true},
	{"end", "container seconds", verb_end, true},
	/* The rules by which CRIU blocks packets. */
	{"criu-locks", "op container netns?", verb_criu_locks, false},
	/* Packets: held at the destination, sent on from the source, kept from a page server. */
	{"hold", "op tag netns? kind? address*", verb_hold, false},
	{"forward", "op tag netns? address* hop*", verb_forward, false},
	{"guard", "op tag server? port? client?", verb_guard, false},
	{NULL, NULL, NULL, false},
};
/* clang-format on */

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = agent_verbs; verb->name; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}
