/* SPDX-License-Identifier: MIT */
/*
 * proc: a child process from an argument vector; no shell.
 *
 * The child leads a session of its own: Ctrl-C at the terminal ends cmigrate's wait, not runc in
 * the middle of a dump, and a deadline can end the child with everything it started. The child has
 * default signal handlers and inherits no descriptor but 0, 1 and 2.
 */
#ifndef CMIGRATE_PROC_H
#define CMIGRATE_PROC_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cmigrate/base/err.h"

struct proc_spec {
	char *const *argv;
	char *const *env; /* KEY=VALUE words added to the environment, or NULL */
	const char *
		log; /* stdout and stderr go to this file (created 0600, truncated), not to pipes */
	bool with_stdin; /* a pipe to the child's stdin, else /dev/null */
	/* A symbolic link to "PID.STARTTIME" (proc(5), in ticks), which the child makes before it
	 * executes the program, in place of an older one; or NULL. With it, or tied, the program
	 * does not begin once the caller has ended. */
	const char *record;
	bool tied;	  /* SIGKILL when the thread that starts it ends */
	bool many_files;  /* as many open files as the hard limit allows */
	bool usual_umask; /* 022, whatever ours is */
};

struct proc {
	pid_t pid;
	int in, out, err; /* our ends, close-on-exec and non-blocking; -1 if not open */
};

/*
 * Starts a child. A program that can't be executed is an error here, not an exit code (exec closes
 * a pipe, or an error comes through it): EXIT_FAILED, the message names the program. On success the
 * caller owns the descriptors and must reap the pid with proc_reap().
 */
int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *err);
/* True once the child has ended and been reaped. *ret_status: exit code, or 128 + signal. */
bool proc_reap(struct proc *p, int *ret_status);
/* Sends a signal to the whole process group of the child's session. */
void proc_signal(const struct proc *p, int sig);
/* Closes the open descriptors; does not wait. */
void proc_close(struct proc *p);
void fd_close(int *fd);

#endif
