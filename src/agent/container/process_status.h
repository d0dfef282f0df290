/* SPDX-License-Identifier: MIT */
/* process_status: what /proc/PID/status tells beyond process.h. */
#ifndef CMIGRATE_AGENT_PROCESS_STATUS_H
#define CMIGRATE_AGENT_PROCESS_STATUS_H

#include <stdbool.h>
#include <sys/types.h>

struct process_status {
	char name[64];
	pid_t pid, parent;
	pid_t tracer;  /* 0: none */
	char state;    /* R, S, D, Z, T, t, X */
	bool outside;  /* its session or process group is not in its PID namespace */
	bool descends; /* from the first process; set by the walk, not read */
	unsigned threads;
	unsigned long long memory; /* bytes in memory that no file backs */
	unsigned long long swap;   /* bytes in swap */
};

/* False if there is no such process. */
bool process_status_read(pid_t pid, struct process_status *ret);

#endif
