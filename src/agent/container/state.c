/* SPDX-License-Identifier: MIT */
/* Whether runc knows a container on this host, and what its copy here does. */
#include <string.h>
#include <sys/stat.h>

#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/program.h"
#include "agent/request/session.h"
#include "cmigrate/base/deadline.h"
#include "runc_state_json.h"

#define LOOK_MS 20

int verb_state(struct request *req);
int verb_status(struct request *req);
int verb_here(struct request *req);

/* Waits for the end of a first process, for some seconds. */
static void await_end(struct request *req, const struct runc_state *state, int ms)
{
	const int64_t end = deadline_in_ms(ms);
	struct process process;

	while (state->pid > 0 && process_read(state->pid, &process) &&
	       process.start == state->start && process.state != 'Z' && !deadline_passed(end) &&
	       request_sleep(req, LOOK_MS))
		;
}

/* Says state=JSON, or nothing if this host has no such container. With seconds it waits so long for
 * the container's end. */
int verb_state(struct request *req)
{
	const char *name = request_get(req, "container");
	int seconds = (int)(request_number(req, "seconds") % 3600);
	CLEANUP_RUNC_STATE struct runc_state state;
	CLEANUP_BUF struct buf json = {0};

	if (runc_state_read(req, name, &state) < 0)
		return 1;
	if (seconds) {
		await_end(req, &state, seconds * 1000);
		runc_state_clear(&state);
		if (runc_state_read(req, name, &state) < 0)
			return 1;
	}
	if (!state.status)
		return 0;
	if (!program_exists("runc"))
		return request_fail(
			req, "there is no runc in PATH, but it has left '" RUNC_ROOT "/%s'", name);
	runc_state_json(&json, &state);
	request_say(req, "state=%s\n", buf_str(&json));
	return 0;
}

/* Whether a dump holds the container's processes at the gate. If criu has been killed, the gate
 * itself is left, and holds nobody. */
static bool is_at_gate(const struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *path = session_path(run, SESSION_DUMP);
	CLEANUP_PIDS struct pids members = {0};
	struct process process;

	session_members(path, &members);
	for (size_t i = 0; i < members.n; i++)
		if (process_read(members.v[i], &process) &&
		    (str_starts(process.comm, "runc") || str_starts(process.comm, "criu")))
			return true;
	return false;
}

/* Whether a restore here has made the copy, and no commit or undo has cleaned up after it yet. */
static bool is_uncommitted(const struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *path = session_path(run, SESSION_RESTORE);
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Adds what a copy of a container does, as verb_status() says it; "" for none. Returns the exit
 * status of the verb. */
static int look_at_copy(struct request *req, struct buf *ret)
{
	const char *name = request_get(req, "container");
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_RUNC_STATE struct runc_state state = {0};

	if (is_at_gate(req)) {
		buf_puts(ret, "gate");
		return 0;
	}
	if (runc_state_read(req, name, &state) < 0)
		return 1;
	if (runc_state_is_foreign(&state, bundle))
		return request_fail(req, "another container is called '%s' there, of '%s'", name,
				    state.bundle);
	if (!state.status)
		return 0;
	bool ends = strcmp(state.status, "running") == 0 && process_has_ended(state.pid);
	buf_puts(ret, ends ? "stopped" : state.status);
	return 0;
}

/*
 * Says what a copy of a container does: "gate" while a dump holds its processes (they are stopped
 * then, though runc calls them running), else runc's word for it, else nothing. A container whose
 * first process was killed has stopped, though for runc it runs until that is gone: its end can
 * wait for an NFS server.
 */
int verb_status(struct request *req)
{
	CLEANUP_BUF struct buf word = {0};

	if (!program_exists("runc"))
		return request_fail(req, "there is no runc in PATH");
	if (look_at_copy(req, &word) != 0)
		return 1;
	if (word.len)
		request_say(req, "%s\n", word.s);
	return 0;
}

/*
 * Says the same to whoever watches over this host alone, but "uncommitted" of a copy that a restore
 * has made which isn't finished: it may still be undone, and it isn't this host's before. Neither
 * runc nor the shared directory need be there.
 */
int verb_here(struct request *req)
{
	CLEANUP_BUF struct buf word = {0};

	if (look_at_copy(req, &word) != 0)
		return 1;
	if (!word.len)
		return 0;
	bool lives = strcmp(word.s, "running") == 0 || strcmp(word.s, "paused") == 0;
	request_say(req, "%s\n", lives && is_uncommitted(req) ? "uncommitted" : word.s);
	return 0;
}
