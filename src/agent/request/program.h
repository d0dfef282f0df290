/* SPDX-License-Identifier: MIT */
/*
 * program: what the agent starts: runc, criu, nft and tar, from an argument vector.
 *
 * Each leads a session of its own. One that belongs to a move and outlives the connection (a dump
 * at its gate, a restore, whoever fetches memory) has a record of that (session.h); every other
 * ends with the agent, by SIGKILL. LC_ALL is C.
 */
#ifndef CMIGRATE_AGENT_PROGRAM_H
#define CMIGRATE_AGENT_PROGRAM_H

#include <sys/types.h>

#include "request.h"

/* Exit codes of a program that was not there, that could not be started, that was ended because its
 * time was over. */
#define PROGRAM_ABSENT 127
#define PROGRAM_FAILED 126
#define PROGRAM_LATE 124

struct program {
	char *const *argv;
	char *const *env;    /* KEY=VALUE words, added; or NULL */
	const char *input;   /* text for its stdin; NULL: /dev/null */
	bool with_stdin;     /* a pipe, child.in, instead of input: for a parked program */
	const char *log;     /* file for its stdout and stderr (made anew, 0600); NULL: pipes */
	const char *session; /* path of its record (session.h): it outlives the agent; or NULL */
	bool stays;	     /* it goes on without the agent, though it has no record */
	bool many_files;     /* as many open files as the hard limit allows */
	/* It makes things for a container, cgroups and mount points: users in it may have to get at
	 * them, so its umask is 022 and not the agent's. */
	bool for_container;
	int timeout_ms; /* besides the request's deadline; 0: none */
};

/* A started program. */
struct child {
	pid_t pid;
	int pidfd; /* readable once it has ended */
	int in, out, err;
};

/*
 * Runs a program to its end and returns its exit code, 128 + signal, or one of the codes above (the
 * messages of the request then have the cause). ret_out and ret_err get what it writes, 1 MB each
 * at most; NULL: dropped, for err: added to the messages of the request.
 * When the request is over its session gets SIGTERM, SIGKILL a second later.
 */
int program_run(struct request *req, const struct program *program, struct buf *ret_out,
		struct buf *ret_err);
/* program_run() of words up to a closing NULL, with the messages of the request and no output. */
int program_do(struct request *req, ...) __attribute__((sentinel));
/* The last line of a program's messages, trimmed, for a message of our own; "" if none. Owned by
 * the caller. */
char *program_reason(const struct buf *err);

/* Starts a program and returns at once; 0, or an exit code as above. */
int program_start(struct request *req, const struct program *program, struct child *ret);
/* As program_run(), of a program that was started. Closes the child. */
int program_wait(struct request *req, struct child *child, int timeout_ms, struct buf *ret_out,
		 struct buf *ret_err);
/* Kills its session (SIGKILL), reaps it, closes the child. Fine for one that has ended. */
void program_kill(struct child *child);
/* Whether a program of that name can be started: looks along PATH. */
bool program_exists(const char *name);

#endif
