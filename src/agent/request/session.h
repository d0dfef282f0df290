/* SPDX-License-Identifier: MIT */
/*
 * session: finds again what an agent has started for a move, after that agent has gone.
 *
 * The record is a symbolic link RUN/KIND.session to "PID.STARTTIME" (of /proc/PID/stat), which the
 * child makes itself before it executes the program: it needs no room on a full /run, and no
 * program runs without it. Its descendants stay in its session (setsid(2)), also after their
 * parent's end, and the number of a session is not given to another one while it has a member.
 * After that it may be. So once the leader has gone, a member counts only if it has the mark of the
 * session in its environment, or is a criu. A record of which no process is left is no error.
 */
#ifndef CMIGRATE_AGENT_SESSION_H
#define CMIGRATE_AGENT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pids {
	pid_t *v;
	size_t n;
};
#define CLEANUP_PIDS __attribute__((cleanup(pids_clear)))
void pids_add(struct pids *pids, pid_t pid);
bool pids_has(const struct pids *pids, pid_t pid);
void pids_clear(struct pids *pids);

/* The kinds, by what they are started for. */
#define SESSION_DUMP "dump"	  /* runc checkpoint: a dump, a pass */
#define SESSION_RESTORE "restore" /* runc restore */
#define SESSION_FETCH "fetch"	  /* criu lazy-pages */
#define SESSION_RECEIVE "receive" /* criu page-server */

/* Path of the record, owned by the caller. */
char *session_path(const char *run, const char *kind);
/* The word of the environment that program_start() gives to what it starts with that record. Owned
 * by the caller. */
char *session_mark(const char *path);
/* Adds the living processes of a session (zombies are none) and all their descendants, the
 * descendants last. Adds none if there is no record. */
void session_members(const char *path, struct pids *ret);
/* Adds those of them that the move waits for: the leader, runc and criu of this host. What an OCI
 * hook has left running is in the session too, and goes on with the container. */
void session_programs(const char *path, struct pids *ret);
/* Whether any lives. */
bool session_lives(const char *path);
/* Sends a signal to all of them; true if there were any. */
bool session_signal(const char *path, int sig);

#endif
