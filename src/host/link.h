/* SPDX-License-Identifier: MIT */
/*
 * link: the connection with the agent on a host: over ssh, or with a child on this machine. All
 * requests to a host share it.
 */
#ifndef CMIGRATE_HOST_LINK_H
#define CMIGRATE_HOST_LINK_H

#include <poll.h>

#include "cmigrate/host/host.h"

/* Private to link.c and link_start.c. */
struct link {
	struct host *host;
	struct proc proc;
	enum { LINK_STARTING, LINK_SENDING, LINK_OPEN, LINK_DEAD } state;
	struct buf in;	  /* to be written now */
	struct buf queue; /* frames, until the agent has said hello */
	struct buf out, err;
	struct job *jobs; /* that wait for a reply */
	uint32_t last_id;
	int64_t heard_us;
	int64_t again_us;   /* the next try of ssh, or 0 */
	int64_t give_up_us; /* the end of all tries; 0 before the first */
	int tries;
};

/* Starts to connect and returns at once; a failure shows at the first pump. NULL only if ssh or the
 * agent can't be started here. */
struct link *link_open(struct host *host, struct err *err);
/* Sends a request of the job; its reply fills the job. */
void link_request(struct link *link, struct job *job, const struct command *cmd);
/* The job wants no reply any more; what it asked for goes on. */
void link_forget(struct link *link, struct job *job);
/* The agent is to end what the job asked for. */
void link_cancel(struct link *link, const struct job *job);
/* Writes and reads what can be, and ends the jobs whose replies are complete; all of them are lost
 * if the connection has ended. */
void link_pump(struct link *link);
/* The jobs of a host that can't be waited for any longer are lost. why: a message. */
void link_lose(struct link *link, const char *why);
/* link_lose() because a reply is late. */
void link_late(struct link *link);
bool link_is_dead(const struct link *link);
/* Adds its descriptors (3 at most); returns the latest time for the next link_pump(). */
int64_t link_poll(const struct link *link, struct pollfd *fds, size_t *n);
/* Gives its process away, whose agent speaks no protocol any more, with what came of it after the
 * last reply. No job may wait. The link is gone. */
void link_take(struct link *link, struct proc *ret, struct buf *ret_heard);
/* Ends the connection; the agent ends with it, and the jobs that wait are lost. */
void link_close(struct link *link);

#endif
