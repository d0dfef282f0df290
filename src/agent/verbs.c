/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <string.h>

/* Each verb is declared here and has one row below, in the order of a move. */
int verb_address(struct request *req);
int verb_place(struct request *req);
int verb_ready(struct request *req);
int verb_bundles(struct request *req);
int verb_lock(struct request *req);
int verb_unlock(struct request *req);
int verb_store(struct request *req);
int verb_images(struct request *req);
int verb_void(struct request *req);
int verb_readahead(struct request *req);
int verb_logs(struct request *req);
int verb_log(struct request *req);
int verb_prepare(struct request *req);
int verb_pass(struct request *req);
int verb_dump(struct request *req);
int verb_await_gate(struct request *req);
int verb_seize(struct request *req);
int verb_freeze(struct request *req);
int verb_dump_go(struct request *req);
int verb_verdict(struct request *req);
int verb_going_on(struct request *req);
int verb_went_on(struct request *req);
int verb_loosen(struct request *req);
int verb_thaw(struct request *req);
int verb_clean(struct request *req);
int verb_tmpfs(struct request *req);
int verb_restore(struct request *req);
int verb_park(struct request *req);
int verb_refill(struct request *req);
int verb_warm(struct request *req);
int verb_restore_go(struct request *req);
int verb_watch(struct request *req);
int verb_await(struct request *req);
int verb_forget_restore(struct request *req);
int verb_erase(struct request *req);

/* clang-format off */
const struct verb agent_verbs[] = {
	/* Nothing: shows that the agent answers, and gets its threads ready. */
	{"ready", "count", verb_ready, false},

	/* What is kept beside the bundle of a container. */
	{"bundles", "file", verb_bundles, false},
	{"lock", "container stamp", verb_lock, false},
	{"unlock", "container", verb_unlock, false},
	{"store", "container op file", verb_store, false},

	/* Images and logs of a move. */
	{"images", "container id images? transport?", verb_images, false},
	{"void", "container id images?", verb_void, false},
	{"readahead", "container id images? pass", verb_readahead, false},
	{"logs", "container id", verb_logs, false},
	{"log", "container op kind", verb_log, false},

	/* The source's copy: prepared, dumped, held at the gate, let go. */
	{"prepare", "container id images? role flag* ghost-limit?", verb_prepare, false},
	{"pass", "container id images? pass server? port?", verb_pass, true},
	{"dump", "container id images? flag* parent? server? port?", verb_dump, true},
	{"await-gate", "container op", verb_await_gate, false},
	{"seize", "container id images?", verb_seize, true},
	{"freeze", "container", verb_freeze, true},
	{"dump-go", "container", verb_dump_go, true},
	{"verdict", "container op", verb_verdict, false},
	{"going-on", "container", verb_going_on, false},
	{"went-on", "container", verb_went_on, false},
	{"loosen", "container", verb_loosen, true},
	{"thaw", "container", verb_thaw, true},
	{"clean", "container id images? keep?", verb_clean, false},

	/* The destination's copy: restored, watched, erased. */
	{"tmpfs", "op container id images?", verb_tmpfs, true},
	{"restore", "op container id images? transport? flag*", verb_restore, true},
	{"park", "container", verb_park, false},
	{"refill", "container id images?", verb_refill, false},
	{"warm", "container", verb_warm, false},
	{"restore-go", "container", verb_restore_go, false},
	{"watch", "container", verb_watch, false},
	{"await", "op container", verb_await, false},
	{"forget-restore", "container", verb_forget_restore, false},
	{"erase", "container", verb_erase, true},
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
