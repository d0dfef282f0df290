/* SPDX-License-Identifier: MIT */
#include "stalls.h"

#include <stdlib.h>
#include <string.h>

#include "agent/container/cgroup.h"
#include "agent/container/runc_state.h"
#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/session.h"
#include "agent/request/text_file.h"
#include "cmigrate/base/deadline.h"

/* A page that is on its way is there by then, unless the network is slow; then asking again does no
 * harm. A page may be forgotten several times, so it is no longer than that. */
#define STALL_US 50000
/* The name of the kernel's function in which a thread waits for a page. */
#define WAITS_IN "handle_userfault"

static bool waits(pid_t task)
{
	CLEANUP_FREE char *place = process_file(task, "wchan", 64, NULL);

	return place && strcmp(place, WAITS_IN) == 0;
}

/* How often it has stopped running by itself: the same number is the same wait. */
static unsigned long long switches(pid_t task)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/status", (int)task);
	CLEANUP_FREE char *n = text_file_field(path, "voluntary_ctxt_switches:");

	return strtoull(n, NULL, 10);
}

static int64_t since(const struct stalls *stalls, pid_t task, unsigned long long n, int64_t now)
{
	for (size_t i = 0; i < stalls->n; i++)
		if (stalls->v[i].task == task && stalls->v[i].switches == n)
			return stalls->v[i].since_us;
	return now;
}

/* Whether one of them has waited for too long. */
static bool compare(struct stalls *stalls, const struct pids *tasks)
{
	struct stalls now = {.longest_us = stalls->longest_us};
	int64_t us = clock_now_us(), longest = 0;

	for (size_t i = 0; i < tasks->n; i++) {
		if (!waits(tasks->v[i]))
			continue;
		unsigned long long n = switches(tasks->v[i]);
		int64_t began = since(stalls, tasks->v[i], n, us);
		now.v = mem_grow(now.v, now.n + 1, sizeof(*now.v));
		now.v[now.n++] = (struct stall){tasks->v[i], n, began};
		longest = us - began > longest ? us - began : longest;
	}
	free(stalls->v);
	stalls->v = now.v;
	stalls->n = now.n;
	if (longest > stalls->longest_us)
		stalls->longest_us = longest;
	return longest >= STALL_US;
}

/* A restore that is under way has threads of its own in the cgroup. */
static bool is_restored(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_RESTORE);

	return !session_lives(record);
}

void stalls_look(struct request *req, struct stalls *stalls)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};
	CLEANUP_PIDS struct pids tasks = {0};
	CLEANUP_FREE char *bundle = path_bundle(req);

	if (runc_state_read(req, request_get(req, "container"), &state) < 0 || state.pid <= 0 ||
	    runc_state_is_foreign(&state, bundle))
		return;
	CLEANUP_FREE char *freezer = cgroup_freezer(&state);
	if (!freezer || cgroup_is_frozen(freezer))
		return;
	cgroup_tasks(freezer, &tasks);
	if (!compare(stalls, &tasks) || clock_now_us() - stalls->asked_us < STALL_US ||
	    !is_restored(req))
		return;
	/* It needn't be frozen: the attempt interrupts every thread. */
	if (cgroup_set_frozen(freezer, true) == 0)
		stalls->n_asked++;
	(void)cgroup_set_frozen(freezer, false);
	stalls->asked_us = clock_now_us();
}

void stalls_clear(struct stalls *stalls)
{
	free(stalls->v);
	*stalls = (struct stalls){0};
}
