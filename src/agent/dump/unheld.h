/* SPDX-License-Identifier: MIT */
/* unheld: tasks of a container that CRIU does not hold by ptrace. */
#ifndef CMIGRATE_AGENT_UNHELD_H
#define CMIGRATE_AGENT_UNHELD_H

#include <stdbool.h>

#include "agent/request/session.h"

struct unheld {
	pid_t task;
	char comm[64];
	char state;   /* as in process.h */
	pid_t tracer; /* another one that traces it; 0: none */
};

/* The state of a task, and who traces it (0: nobody); 0 if it is gone. */
char task_state(pid_t task, pid_t *ret_tracer);
/*
 * Finds one of the tasks that criu does not hold: one that another process traces, else one in
 * state D, else any. Zombies are held by nobody. False: it holds all.
 */
bool unheld_find(const struct pids *tasks, pid_t criu, struct unheld *ret);

#endif
