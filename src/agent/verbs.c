/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <string.h>

/* Each verb is declared here and has one row below, in the order of a move. */
int verb_ready(struct request *req);
int verb_path(struct request *req);
int verb_config(struct request *req);
int verb_open(struct request *req);
int verb_facts(struct request *req);
int verb_close(struct request *req);
int verb_sync(struct request *req);

/* clang-format off */
const struct verb agent_verbs[] = {
	/* Nothing: shows that the agent answers, and gets its threads ready. */
	{"ready", "count", verb_ready, false},
	/* Questions. */
	{"path", "op container? images?", verb_path, false},
	{"config", "container", verb_config, false},
	{"open", "container id", verb_open, false},
	{"facts", "container id role strategy transport? peer? peer-ip? ip* bind* netns?", verb_facts, false},
	{"close", "container id keep?", verb_close, false},
	/* The images of a checkpoint get to the disk. */
	{"sync", "container", verb_sync, false},
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
