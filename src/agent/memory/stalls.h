/* SPDX-License-Identifier: MIT */
/*
 * stalls: threads of a restored container that wait for a page which is not on its way.
 *
 * `criu lazy-pages` forgets a fault if the kernel refuses its answer just then: UFFDIO_COPY and
 * UFFDIO_ZEROPAGE fail with EAGAIN while another thread changes the mappings (madvise, munmap,
 * fork). The page is then sent in its turn, or never, and the thread waits until then (uffd_copy()
 * and uffd_zero() in criu/uffd.c, criu 4.2). A thread that is interrupted faults again, which is a
 * new question: so the container's cgroup is frozen and thawed, which interrupts threads without a
 * signal that they could see.
 */
#ifndef CMIGRATE_AGENT_STALLS_H
#define CMIGRATE_AGENT_STALLS_H

#include <stdint.h>
#include <sys/types.h>

#include "agent/request/request.h"

/* How often to look. */
#define STALLS_LOOK_MS 20

struct stall {
	pid_t task;
	unsigned long long switches; /* it has not run since */
	int64_t since_us;
};

struct stalls {
	struct stall *v; /* threads that waited for a page at the last look */
	size_t n;
	int64_t asked_us;   /* when threads were made to ask again */
	int64_t longest_us; /* that a thread was seen to wait */
	unsigned n_asked;
};

/* Looks at the threads of the request's container, and makes them ask again if one has waited too
 * long. Does nothing if it isn't there yet, or is paused. */
void stalls_look(struct request *req, struct stalls *stalls);
void stalls_clear(struct stalls *stalls);

#endif
