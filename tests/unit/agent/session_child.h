/* SPDX-License-Identifier: MIT */
/* session_child: a process with a record, as the agent starts them for a move. */
#ifndef CMIGRATE_TEST_SESSION_CHILD_H
#define CMIGRATE_TEST_SESSION_CHILD_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/process.h"
#include "cmigrate/base/str.h"

/* Forks one that leads a session and calls `serve`; the record is made before it begins. */
static inline pid_t session_child(const char *record, void (*serve)(void *ctx), void *ctx)
{
	int ready[2];
	char byte;
	struct process process;

	if (pipe(ready) < 0)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		(void)setsid();
		if (read(ready[0], &byte, 1) != 1)
			_exit(1);
		serve(ctx);
		_exit(0);
	}
	/* It leads its session only after a moment. */
	while (getsid(pid) != pid)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	if (!process_read(pid, &process))
		abort();
	CLEANUP_FREE char *identity = str_fmt("%d.%llu", (int)pid, process.start);
	if ((unlink(record) < 0 && errno != ENOENT) || symlink(identity, record) < 0 ||
	    write(ready[1], "", 1) != 1)
		abort();
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static inline void serve_sleep(void *ctx)
{
	(void)ctx;
	(void)sleep(60);
}

/* The signal that ended it; 0: it goes on; -1: it ended by itself. Reaps it. */
static inline int session_child_signal(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return 0;
	return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static inline void session_child_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

#endif
