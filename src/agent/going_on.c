/* SPDX-License-Identifier: MIT */
/* Lets a frozen container go on, whoever holds its processes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "gate.h"
#include "paths.h"
#include "process.h"
#include "work_dir.h"

#define STATUS_MAX 8192
/* SIGKILL in the masks of signals in /proc/PID/status. */
#define KILL_BIT (1ull << 8)

int verb_going_on(struct request *req);
int verb_went_on(struct request *req);
int verb_loosen(struct request *req);

static bool waits_for_kill(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line && (strtoull(line + strlen(key), NULL, 16) & KILL_BIT);
}

/* SIGKILL waits for it, or it is exiting. A process that is gone by now is dying too. */
static bool is_dying(pid_t pid)
{
	CLEANUP_FREE char *status = process_file(pid, "status", STATUS_MAX, NULL);

	return !status || waits_for_kill(status, "\nSigPnd:") ||
	       waits_for_kill(status, "\nShdPnd:") || process_has_ended(pid);
}

/* It runs, or would if it were thawed. */
static bool has_begun(const char *status)
{
	return status && (strcmp(status, "running") == 0 || strcmp(status, "paused") == 0 ||
			  strcmp(status, "pausing") == 0);
}

/*
 * Before anything lets a frozen container go on: leaves a mark of that in RUN and says "goes on".
 * From then on nobody may start it from its images. A container that has ended, or was killed and
 * lives only because it is frozen, does not go on: it gets no mark, and its images are the way
 * back.
 */
int verb_going_on(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};

	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		return 1;
	if (!has_begun(state.status) || is_dying(state.pid))
		return 0;
	/* Without this file there is no dump that could be started from its images. */
	if (work_dir_has(req, "criu.conf") && work_dir_link(req, "criu.conf", WENT_ON) < 0)
		return request_errno(req, "can't note that the container goes on");
	request_say(req, "goes on\n");
	return 0;
}

int verb_went_on(struct request *req)
{
	return work_dir_has(req, WENT_ON) ? 0 : 1;
}

/* Thaws its cgroup and checks nothing: processes that CRIU holds stay held. Fine if it is gone. */
int verb_loosen(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};

	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		return 1;
	CLEANUP_FREE char *freezer = cgroup_freezer(&state);
	if (!freezer || cgroup_set_frozen(freezer, false) == 0 || errno == ENOENT ||
	    errno == ENODEV)
		return 0;
	return request_errno(req, "can't thaw '%s'", freezer);
}
