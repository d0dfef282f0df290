/* SPDX-License-Identifier: MIT */
/* Freezes and thaws a container as `runc pause` and `runc resume` do, without starting runc. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/container/cgroup.h"
#include "agent/request/program.h"
#include "cmigrate/base/deadline.h"

/* A cgroup that isn't frozen by then is left to runc. */
#define FREEZE_MS 1000
/* Nearly all are frozen within the first of these times, so that long pauses would be noticed. */
#define FIRST_MS 1
#define FIRST_PAUSE_US 50
#define SHORT_MS 20
#define SHORT_PAUSE_MS 1
#define PAUSE_MS 5

int verb_freeze(struct request *req);
int verb_thaw(struct request *req);

/* Version 2 tells of the change (POLLPRI); with version 1 it has to be looked for: -1. */
static int open_events(const char *freezer)
{
	const char *slash = strrchr(freezer, '/');

	if (!slash || strcmp(slash, "/cgroup.freeze") != 0)
		return -1;
	CLEANUP_FREE char *path = str_fmt("%.*s/cgroup.events", (int)(slash - freezer), freezer);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool pause_shortly(struct request *req, int events, int64_t began)
{
	const int64_t spent = clock_now_us() - began;

	if (events >= 0)
		return request_wait(req, events, POLLPRI, FREEZE_MS) >= 0;
	if (spent < FIRST_MS * 1000) {
		(void)usleep(FIRST_PAUSE_US);
		return !request_over(req);
	}
	return request_sleep(req, spent < SHORT_MS * 1000 ? SHORT_PAUSE_MS : PAUSE_MS);
}

/* Only what comes after it is an event. */
static void note_events(int events)
{
	char unused[256];

	if (events >= 0)
		(void)!pread(events, unused, sizeof(unused), 0);
}

static bool await_state(struct request *req, const char *freezer, bool frozen)
{
	int64_t began = clock_now_us(), end = deadline_in_ms(FREEZE_MS);
	int events = open_events(freezer);
	bool is;

	for (;;) {
		note_events(events);
		is = cgroup_is_frozen(freezer) == frozen;
		if (is || deadline_passed(end) || !pause_shortly(req, events, began))
			break;
	}
	if (events >= 0)
		(void)close(events);
	return is;
}

/* runc refuses a cgroup that has frozen meanwhile. */
static int leave_to_runc(struct request *req, const char *freezer)
{
	CLEANUP_BUF struct buf said = {0};
	char *argv[] = {"runc", "pause", NULL, NULL};

	buf_clear(&req->err);
	argv[2] = (char *)request_get(req, "container");
	if (program_run(req, &(struct program){.argv = argv}, NULL, &said) == 0 ||
	    (freezer && cgroup_is_frozen(freezer)))
		return 0;
	CLEANUP_FREE char *reason = program_reason(&said);
	return request_fail(req, "runc pause: %s", reason);
}

/*
 * Writes the cgroup's file and waits until it is frozen. A cgroup that isn't within a second, as
 * happens with version 1 while processes fork, is thawed and left to runc, which tries again and
 * again. runc refuses a cgroup that is frozen already.
 */
int verb_freeze(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};

	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		return leave_to_runc(req, NULL);
	CLEANUP_FREE char *freezer = cgroup_freezer(&state);
	if (!freezer || cgroup_set_frozen(freezer, true) < 0)
		return leave_to_runc(req, freezer);
	if (await_state(req, freezer, true))
		return 0;
	(void)cgroup_set_frozen(freezer, false);
	return leave_to_runc(req, freezer);
}

static int thaw_paused(struct request *req, const struct runc_state *state)
{
	CLEANUP_FREE char *freezer = cgroup_freezer(state);

	if (freezer && cgroup_set_frozen(freezer, false) == 0 && await_state(req, freezer, false))
		return 0;
	return program_do(req, "runc", "resume", request_get(req, "container"), NULL);
}

/* Succeeds only if the container runs afterwards. */
int verb_thaw(struct request *req)
{
	const char *name = request_get(req, "container");
	CLEANUP_RUNC_STATE struct runc_state before = {0}, after = {0};

	if (runc_state_read(req, name, &before) < 0)
		return 1;
	/* Paused, or not yet. The second look decides. */
	if (before.status && str_starts(before.status, "paus"))
		(void)thaw_paused(req, &before);
	if (runc_state_read(req, name, &after) < 0)
		return 1;
	if (after.status && strcmp(after.status, "running") == 0)
		return 0;
	return request_fail(req, "container '%s' is %s", name,
			    after.status ? after.status : "not there");
}
