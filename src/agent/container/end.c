/* SPDX-License-Identifier: MIT */
/*
 * Ends a container: SIGTERM, and SIGKILL if it still lives after `seconds` (0: at once). Then it
 * removes runc's state. Prints what was needed: "gone" or "stopped" (already), "term" or "kill".
 * Succeeds only if runc does not know the container any more.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/request/process.h"
#include "agent/request/program.h"
#include "cmigrate/base/deadline.h"
#include "runc_state.h"

/* A killed process may still have a core or much memory to get rid of. */
#define KILL_MS 5000
#define FORCE_MS 15000
#define LOOK_MS 50

int verb_end(struct request *req);

/* Runs `runc WORD NAME [SIGNAL]`; what it says is left out. */
static bool try_runc(struct request *req, const char *word, const char *name, const char *signal)
{
	CLEANUP_BUF struct buf unheard = {0};
	const char *argv[] = {"runc", word, name, signal, NULL};

	return program_run(req, &(struct program){.argv = (char *const *)argv}, NULL, &unheard) ==
	       0;
}

/* A zombie has ended too: its parent may take a while to reap it. */
static bool lives(pid_t pid, unsigned long long start)
{
	struct process process;

	return process_read(pid, &process) && (!start || process.start == start) &&
	       process.state != 'Z' && process.state != 'X';
}

/* True if it has ended within this time. */
static bool wait_end(struct request *req, const struct runc_state *state, int64_t ms)
{
	int64_t end = deadline_in_ms(ms);
	bool ended;
	int fd = process_pidfd(state->pid);

	/* Looks again now and then: no pidfd before Linux 5.3. */
	while (!(ended = !lives(state->pid, state->start)) && !deadline_passed(end)) {
		int left = deadline_poll_ms(deadline_min(end, deadline_in_ms(LOOK_MS)));
		if (fd < 0 ? !request_sleep(req, left) : request_wait(req, fd, POLLIN, left) < 0)
			break;
	}
	if (fd >= 0)
		(void)close(fd);
	return ended;
}

static bool is_paused(const struct runc_state *state)
{
	return state->status && strcmp(state->status, "paused") == 0;
}

/* Ends its processes, as far as it goes: whether it has worked is seen by what runc says then. */
static const char *stop(struct request *req, const char *name, const struct runc_state *state)
{
	unsigned long long seconds = request_number(req, "seconds");
	CLEANUP_RUNC_STATE struct runc_state now = {0};

	if (seconds) {
		/* A paused container gets no signal. */
		if (is_paused(state))
			(void)try_runc(req, "resume", name, NULL);
		(void)try_runc(req, "kill", name, "TERM");
		if (wait_end(req, state, (int64_t)seconds * 1000))
			return "term";
	}
	(void)try_runc(req, "kill", name, "KILL");
	if (runc_state_ask(req, name, &now) == 0 && is_paused(&now))
		(void)try_runc(req, "resume", name, NULL);
	(void)wait_end(req, state, KILL_MS);
	return "kill";
}

static int delete (struct request *req, const char *name)
{
	char *const argv[] = {"runc", "delete", "--force", (char *)(uintptr_t)name, NULL};

	if (try_runc(req, "delete", name, NULL))
		return 0;
	return program_run(req, &(struct program){.argv = argv, .timeout_ms = FORCE_MS}, NULL,
			   NULL);
}

int verb_end(struct request *req)
{
	const char *name = request_get(req, "container"), *how = "gone";
	CLEANUP_RUNC_STATE struct runc_state before = {0}, after = {0};

	if (runc_state_ask(req, name, &before) < 0)
		return 1;
	if (before.status) {
		how = strcmp(before.status, "stopped") == 0 ? "stopped" : stop(req, name, &before);
		if (delete (req, name) != 0 || runc_state_ask(req, name, &after) < 0)
			return 1;
		if (after.status)
			return request_fail(req, "runc still knows container '%s'", name);
	}
	request_say(req, "%s\n", how);
	return 0;
}
