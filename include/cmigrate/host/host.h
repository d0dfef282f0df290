/* SPDX-License-Identifier: MIT */
/*
 * host: has the agent on a host do something, here or over ssh, with the same call.
 *
 * One connection per host (src/host/link.h) serves all requests to it, any number at once. On this
 * machine the agent is a child of ours.
 */
#ifndef CMIGRATE_HOST_H
#define CMIGRATE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/job.h"

struct link;

struct host {
	char *name;		 /* as the user calls it */
	char *ssh;		 /* ssh destination; NULL: this machine */
	char *device;		 /* for service addresses, from the configuration; NULL: not set */
	char *migration_address; /* where memory goes to and comes from; NULL: as it is called */
	char *agent;  /* path of an installed agent, from the configuration; NULL: ours is sent */
	char *root;   /* directory of the bundles; NULL: no request needs it */
	char *serves; /* id of the move that the connection is for; or NULL */
	struct argv options; /* for ssh, from the configuration */
	const struct events *events;
	struct link *link;
	int64_t limit_us; /* every command ends by then, whatever its own time; 0: none */
	bool lost;	  /* did not reply once: every further command fails at once */
	bool fenced;	  /* known to be off: every command succeeds, because nothing runs there */
};

/* name and options are copied. ssh_dest NULL: this machine. */
struct host *host_new(const char *name, const char *ssh_dest, const struct argv *ssh_options,
		      const struct events *events);
/* Ends the connection and with it the agent; dumps, restores and gates there stay. */
void host_free(struct host *host);
#define CLEANUP_HOST __attribute__((cleanup(host_free_p)))
void host_free_p(struct host **host);
bool host_is_local(const struct host *host);

/* Starts to connect and doesn't wait. The first command gets the result: if the connection failed,
 * it is lost with the message of ssh. Does nothing if there is a connection. */
void host_connect(struct host *host);
/*
 * The command with its time cut to the host's limit, but at least a millisecond. A command without
 * a deadline is unchanged: it outlives every step.
 */
struct command host_within_limit(const struct host *host, const struct command *cmd);
/* Starts a command; -1 only if it could not even be tried (see job_failure() for the rest). */
int host_start(struct host *host, const struct command *cmd, struct job *job, struct err *err);
/* Starts, waits, and fails unless the status is 0. */
int host_run(struct host *host, const struct command *cmd, struct err *err);
/* As host_run(), with the output in *ret_out (owned by the caller). */
int host_output(struct host *host, const struct command *cmd, char **ret_out, struct err *err);
/* Waits until all hosts answer, and makes sure that so many requests at once find a thread waiting
 * there: nothing is started for them later. */
int hosts_prime(struct host *const *hosts, size_t n, size_t requests, struct err *err);
/* Starts a program on this machine, for the events and messages of `here`: a hook, another
 * cmigrate. */
int host_start_program(struct host *here, const struct command *cmd, struct job *job,
		       struct err *err);

#endif
