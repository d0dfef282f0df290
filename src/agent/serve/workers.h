/* SPDX-License-Identifier: MIT */
/* workers: the threads that serve requests. Each waits for the next one when it is done. */
#ifndef CMIGRATE_AGENT_WORKERS_H
#define CMIGRATE_AGENT_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/request/request.h"

/* Exit status of a request that was refused, as a shell has it for what it may not execute. */
#define WORKERS_REFUSED 126
/* More at once are refused. */
#define WORKERS_MAX 64

/* Takes over a request (allocated, its wake set) and serves it in a thread: calls `done` from there
 * with its exit status. False, and nothing done: there are too many. */
bool workers_serve(struct request *req, void (*done)(struct request *req, int status));
/* Ends a request: its verb returns soon. Fine if it is over already. */
void workers_cancel(uint32_t id);
/* The connection has ended: all verbs return, and no program is ended for that. Those of a move go
 * on, and every other ends with the agent. */
void workers_cancel_all(void);
/* Makes threads until n are idle. */
void workers_spare(unsigned n);

#endif
