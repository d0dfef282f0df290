/* SPDX-License-Identifier: MIT */
/* Programs of a move, as the agent would have started them, and a criu of the test's own. */
#ifndef CMIGRATE_TEST_OWN_SESSION_H
#define CMIGRATE_TEST_OWN_SESSION_H

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "agent/request/process.h"
#include "agent/request/session.h"
#include "cmigrate/base/deadline.h"
#include "own_run.h"
#include "slowness.h"

#define WEB_RUN "/run/cmigrate/web"

static inline void own_web_run(void)
{
	if ((mkdir("/run/cmigrate", 0700) < 0 && errno != EEXIST) || mkdir(WEB_RUN, 0700) < 0) {
		perror(WEB_RUN);
		abort();
	}
}

/* Waits for something, for seconds that only a hang outlasts. */
static inline bool comes(bool (*has_come)(const void *ctx), const void *ctx)
{
	for (int64_t end = deadline_in_ms(scaled_ms(10000)); !deadline_passed(end);
	     clock_sleep_ms(2))
		if (has_come(ctx))
			return true;
	return false;
}

static inline bool is_there(const void *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

static inline bool has_died(const void *pid)
{
	return process_has_ended(*(const pid_t *)pid);
}

/* A fork that ends with the test. */
static inline pid_t own_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Ends what a test that failed has left in the work directory, and removes that. */
static inline int own_web_remove(void)
{
	static const char *const kinds[] = {SESSION_FETCH, SESSION_RECEIVE};

	for (size_t i = 0; i < 2; i++) {
		CLEANUP_FREE char *path = session_path(WEB_RUN, kinds[i]);
		(void)session_signal(path, SIGKILL);
	}
	return system("rm -rf " WEB_RUN);
}

/* Records a process as the leader of a session of that kind. */
static inline void own_record(const char *kind, pid_t pid)
{
	CLEANUP_FREE char *path = session_path(WEB_RUN, kind);
	struct process p;

	if (!process_read(pid, &p))
		abort();
	CLEANUP_FREE char *target = str_fmt("%d.%llu", (int)pid, p.start);
	(void)unlink(path);
	if (symlink(target, path) < 0)
		abort();
}

/* A process in a session of its own that runs work() and then waits for its end. */
static inline pid_t own_process(void (*work)(void))
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		abort();
	pid_t pid = own_fork();
	if (pid == 0) {
		(void)setsid();
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		if (work)
			work();
		else
			for (;;)
				(void)pause();
		_exit(0);
	}
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		abort();
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static inline void own_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

#endif
