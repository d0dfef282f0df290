/* SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "agent/container/runc_state.h"
#include "agent/request/paths.h"
#include "fields.h"

/* Each verb is declared here and has one row below, in the order of a move. */
int verb_address(struct request *req);
int verb_place(struct request *req);
int verb_ready(struct request *req);
int verb_list(struct request *req);
int verb_state(struct request *req);
int verb_status(struct request *req);
int verb_here(struct request *req);
int verb_whole(struct request *req);
int verb_fence(struct request *req);
int verb_bundles(struct request *req);
int verb_lock(struct request *req);
int verb_unlock(struct request *req);
int verb_locked(struct request *req);
int verb_store(struct request *req);
int verb_tail(struct request *req);
int verb_generations(struct request *req);
int verb_images(struct request *req);
int verb_void(struct request *req);
int verb_readahead(struct request *req);
int verb_logs(struct request *req);
int verb_log(struct request *req);
int verb_settle(struct request *req);
int verb_server(struct request *req);
int verb_nudge(struct request *req);
int verb_cut(struct request *req);
int verb_pace(struct request *req);
int verb_fetch(struct request *req);
int verb_receive(struct request *req);
int verb_gather(struct request *req);
int verb_prepare(struct request *req);
int verb_pass(struct request *req);
int verb_dump(struct request *req);
int verb_await_gate(struct request *req);
int verb_seize(struct request *req);
int verb_freeze(struct request *req);
int verb_dump_go(struct request *req);
int verb_break_off(struct request *req);
int verb_quota(struct request *req);
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
int verb_path(struct request *req);
int verb_config(struct request *req);
int verb_open(struct request *req);
int verb_facts(struct request *req);
int verb_files(struct request *req);
int verb_close(struct request *req);
int verb_sync(struct request *req);
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
	/* Containers of this host. */
	{"list", "op", verb_list, false},
	{"state", "container seconds?", verb_state, false},
	{"status", "container", verb_status, false},
	{"here", "container", verb_here, false},
	{"whole", "container", verb_whole, false},

	/* Files beside the bundle of a container, and those of hosts beside all bundles. */
	{"bundles", "file", verb_bundles, false},
	{"lock", "container? stamp", verb_lock, false},
	{"unlock", "container?", verb_unlock, false},
	{"locked", "container", verb_locked, false},
	{"store", "container? batch? op file", verb_store, false},
	{"tail", "container? batch? file size", verb_tail, false},

	/* Images and logs of a move. */
	{"generations", "op container? id?", verb_generations, false},
	{"images", "container id images? transport?", verb_images, false},
	{"void", "container id images?", verb_void, false},
	{"readahead", "container id images? pass", verb_readahead, false},
	{"logs", "container id", verb_logs, false},
	{"log", "container op kind", verb_log, false},

	/* Connections to the service addresses; memory that goes from host to host. */
	{"settle", "netns? ip+", verb_settle, false},
	{"server", "port", verb_server, false},
	{"nudge", "container server port", verb_nudge, false},
	{"cut", "op container server port", verb_cut, false},
	{"pace", "container server port rate", verb_pace, false},
	{"fetch", "op container id? transport? server? port?", verb_fetch, true},
	{"receive", "op container server? port? seconds? pass? parent?", verb_receive, false},
	{"gather", "container id images? count?", verb_gather, false},
	/* The source's copy: prepared, dumped, held at the gate, let go. */
	{"prepare", "container id images? role flag* ghost-limit? server?", verb_prepare, false},
	{"pass", "container id images? pass server? port?", verb_pass, true},
	{"quota", "container op quota?", verb_quota, true},
	{"dump", "container id images? flag* parent? server? port?", verb_dump, true},
	{"await-gate", "container op", verb_await_gate, false},
	{"seize", "container id images?", verb_seize, true},
	{"freeze", "container", verb_freeze, true},
	{"dump-go", "container", verb_dump_go, true},
	{"verdict", "container op", verb_verdict, false},
	{"break-off", "container id images?", verb_break_off, true},
	{"going-on", "container", verb_going_on, false},
	{"went-on", "container", verb_went_on, false},
	{"loosen", "container", verb_loosen, true},
	{"thaw", "container", verb_thaw, true},
	{"clean", "container id images? keep?", verb_clean, false},

	/* The destination's copy: restored, watched, erased. */
	{"tmpfs", "op container id images?", verb_tmpfs, true},
	{"restore", "op container id images? transport? flag* netns? ip* bind*", verb_restore, true},
	{"park", "container", verb_park, false},
	{"refill", "container id images?", verb_refill, false},
	{"warm", "container", verb_warm, false},
	{"restore-go", "container", verb_restore_go, false},
	{"watch", "container", verb_watch, false},
	{"await", "op container", verb_await, false},
	{"forget-restore", "container", verb_forget_restore, false},
	{"erase", "container op", verb_erase, true},
	{"place", "op netns? address*", verb_place, false},
	{"address", "op netns? address*", verb_address, false},

	/* Questions. */
	{"path", "op container? images?", verb_path, false},
	{"config", "container", verb_config, false},
	{"open", "container id", verb_open, false},
	{"facts", "container id role strategy transport? peer? peer-ip? ip* bind* netns?", verb_facts, false},
	{"files", "container", verb_files, false},
	{"close", "container id keep?", verb_close, false},
	/* The images of a checkpoint get to the disk. */
	{"sync", "container", verb_sync, false},
	/* Starting and ending a container. */
	{"run", "container", verb_run, true},
	{"end", "container seconds", verb_end, true},
	/* The rules by which CRIU blocks packets. */
	{"criu-locks", "op container netns?", verb_criu_locks, false},
	/* Packets: held at the destination, sent on from the source, kept from a page server. */
	{"hold", "op tag netns? kind? address*", verb_hold, false},
	{"forward", "op tag netns? address* hop*", verb_forward, false},
	{"guard", "op tag server? port? client?", verb_guard, false},

	/* An earlier controller of the same move. */
	{"fence", "container id", verb_fence, false},
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

static bool bounded;

void verbs_bounded(void)
{
	bounded = true;
}

/* Whether the container of that name runs here from a bundle other than its own below the root. */
static bool is_foreign(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};
	CLEANUP_FREE char *bundle = path_bundle(req);

	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		return true;
	return state.status && (!state.bundle || strcmp(state.bundle, bundle) != 0);
}

static int check(struct request *req, const struct verb *verb)
{
	if (!verb)
		return request_fail(req, "the agent has no verb '%.100s'", req->words.v[0]);
	if (fields_check(req, verb) != 0)
		return 1;
	if (bounded && verb->touches && is_foreign(req))
		return request_fail(req, "'%s': container '%s' runs from a bundle elsewhere",
				    verb->name, request_get(req, "container"));
	return 0;
}

void verbs_log_refusal(const char *why)
{
	const char *from = getenv("SSH_CONNECTION");

	if (bounded)
		syslog(LOG_AUTHPRIV | LOG_WARNING, "gate-keeper: refused: %.500s (from %.100s)",
		       why, from ? from : "here");
}

bool verb_may(struct request *req, const struct verb *verb)
{
	if (check(req, verb) == 0)
		return true;
	if (bounded) {
		CLEANUP_FREE char *why = str_last_line(buf_str(&req->err));
		str_mask(why);
		verbs_log_refusal(why);
		buf_clear(&req->err);
		(void)request_fail(req, "gate-keeper: refused: %s", why);
	}
	return false;
}
