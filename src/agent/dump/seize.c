/* SPDX-License-Identifier: MIT */
/*
 * Looks after CRIU while it seizes the processes of a frozen container, from its word to go on. In
 * a frozen cgroup of version 1 it hangs at a process that is stopped: that ends with a thaw, and it
 * holds the others by then. If it can't seize all within a second, and 2 ms more for each task (one
 * that waits for its vfork, or is in the middle of an exec, or in state D, or traced by another),
 * the cgroup is thawed, and CRIU is killed before it has done anything to them.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/container/cgroup.h"
#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "cmigrate/base/deadline.h"
#include "gate.h"
#include "unheld.h"
#include "work_dir.h"

#define LIMIT_MS 1000
#define TASK_MS 2
#define LOOK_MS 20
/* So many looks in a row at which it is in state D: it hangs. */
#define HANGS 3
#define TRIES 10
#define STOP_LOOK_MS 10

int verb_seize(struct request *req);

struct seizure {
	struct request *req;
	char *images, *freezer; /* freezer NULL: not known */
	pid_t criu;		/* 0: not found */
	struct pids tasks;
};

/* A child of its runc. It has children of its own that are called like it for a moment. */
static pid_t find_criu(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *session = session_path(run, SESSION_DUMP);
	CLEANUP_PIDS struct pids pids = {0};
	struct process p, parent;

	session_members(session, &pids);
	for (size_t i = 0; i < pids.n; i++)
		if (process_read(pids.v[i], &p) && strcmp(p.comm, "criu") == 0 &&
		    !(process_read(p.parent, &parent) && strcmp(parent.comm, "criu") == 0))
			return p.pid;
	return 0;
}

static bool has_images(const char *directory)
{
	DIR *dir = opendir(directory);
	bool has = false;

	for (struct dirent *e; dir && !has && (e = readdir(dir)) != NULL;) {
		size_t len = strlen(e->d_name);
		has = e->d_name[0] != '.' && len > 4 && strcmp(e->d_name + len - 4, ".img") == 0;
	}
	if (dir)
		(void)closedir(dir);
	return has;
}

/* Whether it is past its seizing; the first image comes later, and is cheap to look for. */
static bool is_over(const struct seizure *s)
{
	return work_dir_has(s->req, GATE_AT_REACHED) || process_has_ended(s->criu) ||
	       has_images(s->images);
}

static void list_tasks(struct seizure *s)
{
	pids_clear(&s->tasks);
	if (s->freezer)
		cgroup_tasks(s->freezer, &s->tasks);
}

static bool find_unheld(struct seizure *s, struct unheld *ret)
{
	list_tasks(s);
	return unheld_find(&s->tasks, s->criu, ret);
}

static void thaw(const struct seizure *s)
{
	if (s->freezer)
		(void)cgroup_set_frozen(s->freezer, false);
}

/*
 * While CRIU is stopped it does nothing more: if it lacks a task then, it has not begun with any.
 * The task that it lacks shows only after the thaw, because frozen ones are in state D too. True:
 * it is killed.
 */
static bool give_up(struct seizure *s)
{
	struct unheld which;
	pid_t unused;

	if (!find_unheld(s, &which))
		return false;
	thaw(s);
	if (kill(s->criu, SIGSTOP) < 0)
		return false;
	for (int i = 0; i < TRIES && task_state(s->criu, &unused) != 'T'; i++)
		clock_sleep_ms(STOP_LOOK_MS);
	if (is_over(s) || !find_unheld(s, &which)) {
		(void)kill(s->criu, SIGCONT);
		return false;
	}
	(void)kill(s->criu, SIGKILL);
	request_say(s->req, "%d (%s) is ", (int)which.task, which.comm);
	if (which.tracer)
		request_say(s->req, "traced by process %d\n", (int)which.tracer);
	else
		request_say(s->req, "in state %c\n", which.state);
	return true;
}

static int watch(struct seizure *s)
{
	struct unheld unused;
	pid_t tracer;
	int hangs = 0;

	list_tasks(s);
	int64_t late = deadline_in_ms(LIMIT_MS + TASK_MS * (int64_t)s->tasks.n);
	while (!is_over(s)) {
		hangs = task_state(s->criu, &tracer) == 'D' ? hangs + 1 : 0;
		if (hangs == HANGS)
			thaw(s);
		if (deadline_passed(late)) {
			if (give_up(s))
				return 1;
			if (!find_unheld(s, &unused))
				return 0;
		}
		if (!request_sleep(s->req, LOOK_MS))
			return 0;
	}
	return 0;
}

/* Waits until the dump has its word to go on. False: it never gets it. */
static bool await_go(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	bool goes = false, waits = true;

	if (fd < 0 || inotify_add_watch(fd, run, IN_CREATE | IN_DELETE_SELF | IN_ONLYDIR) < 0) {
		(void)request_errno(req, "can't watch '%s'", run);
		waits = false;
	}
	while (waits && !goes) {
		goes = work_dir_has(req, GATE_BEGAN);
		if (goes || work_dir_has(req, GATE_WORD) || !work_dir_has(req, GATE_VERDICT))
			break;
		waits = request_wait(req, fd, POLLIN, -1) > 0;
		while (read(fd, events, sizeof(events)) > 0)
			;
	}
	if (fd >= 0)
		(void)close(fd);
	return goes;
}

static void find_all(struct seizure *s)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};

	/* Without it criu is watched all the same. */
	if (runc_state_read(s->req, request_get(s->req, "container"), &state) < 0)
		buf_clear(&s->req->err);
	s->freezer = cgroup_freezer(&state);
	s->images = path_images(s->req);
	s->criu = find_criu(s->req);
}

/* Succeeds once CRIU has seized all, or has ended; else says which task it is that it can't. */
int verb_seize(struct request *req)
{
	struct seizure s = {.req = req};
	int status = 0;

	/* All that takes time is done before the freeze. */
	find_all(&s);
	if (!await_go(req))
		goto out;
	for (int i = 0; i < TRIES && !s.criu && !work_dir_has(req, GATE_AT_REACHED); i++) {
		s.criu = find_criu(req);
		if (!s.criu && !request_sleep(req, LOOK_MS))
			goto out;
	}
	if (s.criu)
		status = watch(&s);
out:
	pids_clear(&s.tasks);
	free(s.images);
	free(s.freezer);
	return status;
}
