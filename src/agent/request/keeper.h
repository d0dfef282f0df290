/* SPDX-License-Identifier: MIT */
/*
 * keeper: whoever waits for a criu program of a move and acts after its end, also if the agent has
 * died meanwhile.
 *
 * It is the agent's program again, as a child, in a session of its own with a record (session.h);
 * criu is in the same session. It has one thread, and the request of the verb that started it.
 */
#ifndef CMIGRATE_AGENT_KEEPER_H
#define CMIGRATE_AGENT_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "request.h"

/* The file in the work directory that a fetch-keeper waits for. */
#define FETCH_GO "fetch-go"
/* The file that it makes when its criu has failed, before it ends the copy. */
#define FETCH_FAILED "fetch-failed"
/* A link that it makes before it notes its outcome (fetch_keeper.c). */
#define FETCH_STALLS "pages.stalls"

/* The keepers, as sub-commands of the agent; argv[1] is their name. */
int fetch_keeper(int argc, char **argv);
int receive_keeper(int argc, char **argv);

/*
 * For a verb: starts a keeper by its name as a session of that kind, gives it the request, and
 * waits for its end; its exit status. log: as in program.h; NULL: what it prints and its messages
 * are the request's. If the request ends before it does, it goes on.
 */
int keeper_serve(struct request *req, const char *name, const char *kind, const char *log);

/* In a keeper: the request from its arguments. What is printed stays in it. */
void keeper_request(int argc, char **argv, struct request *ret);
/* Writes what is in the request to stdout and stderr, and clears it. Returns status. */
int keeper_end(struct request *req, int status);
/* Starts a program; -1 if that fails. out: gets its stdout and stderr; -1: they are the keeper's.
 */
pid_t keeper_start(char *const *argv, int out);
/* Waits for its end, for ms at most (0: no limit). False: it goes on; else *ret_status is its exit
 * status, or 128 + signal. */
bool keeper_ends(pid_t pid, int ms, int *ret_status);
/* Runs a program to its end; its exit status as above, or as PROGRAM_* of program.h. ms: its time,
 * 0: no limit. */
int keeper_run(char *const *argv, int out, int ms);

#endif
