/* SPDX-License-Identifier: MIT */
/*
 * held: processes that are kept by pidfd: a signal reaches the one that was meant, or nobody.
 */
#ifndef CMIGRATE_AGENT_HELD_H
#define CMIGRATE_AGENT_HELD_H

#include <stdbool.h>

#include "request.h"
#include "session.h"

struct held {
	struct {
		pid_t pid;
		unsigned long long start;
		/* -1: a kernel without them (before Linux 5.3), or there are too many: then the
		 * start tells */
		int fd;
	} * v;
	size_t n;
};
#define CLEANUP_HELD __attribute__((cleanup(held_clear)))

/* Adds the processes that `find` names. It is called twice: a number that was given to another
 * process in between is not held. Those that are held already stay so. */
void held_find(struct held *held, void (*find)(struct pids *ret, void *ctx), void *ctx);
/* SIGKILL for all of them, but for those that `spares` (NULL: none) says yes to. */
void held_kill(const struct held *held, bool (*spares)(pid_t pid));
/* A signal for those that `gets` says yes to. */
void held_signal(const struct held *held, bool (*gets)(pid_t pid), int sig);
/* Waits for the end of all, for ms at most (-1: for the request's deadline alone), and lets go of
 * those that have ended. False: some have not. */
bool held_wait(struct request *req, struct held *held, int ms);
void held_clear(struct held *held);

#endif
