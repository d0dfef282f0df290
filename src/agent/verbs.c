/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <string.h>

/* Each verb is declared here and has one row below, in the order of a move. */
int verb_address(struct request *req);
int verb_place(struct request *req);
int verb_ready(struct request *req);
int verb_list(struct request *req);
int verb_state(struct request *req);
int verb_status(struct request *req);
int verb_whole(struct request *req);

/* clang-format off */
const struct verb agent_verbs[] = {
	/* Nothing: shows that the agent answers, and gets its threads ready. */
	{"ready", "count", verb_ready, false},
	/* Containers of this host. */
	{"list", "op", verb_list, false},
	{"state", "container", verb_state, false},
	{"status", "container", verb_status, false},
	{"whole", "container", verb_whole, false},
	{"place", "op netns? address*", verb_place, false},
	{"address", "op netns? address*", verb_address, false},
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
