/* SPDX-License-Identifier: MIT */
/*
 * host: runs commands on a host, here or over ssh, with the same call.
 *
 * On this machine a command is executed from its argument vector. On others it is quoted
 * (quote_argv()) into a line for a POSIX sh that ssh keeps open: a "channel". Each host has one ssh
 * connection (ControlMaster), and every further channel uses it. An open channel runs a command in
 * one round trip, so nothing is opened while a container is frozen.
 */
#ifndef CMIGRATE_HOST_H
#define CMIGRATE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/job.h"

struct channel;

struct host {
	char *name;	     /* as the user calls it */
	char *ssh;	     /* ssh destination; NULL: this machine */
	char *device;	     /* for service addresses, from the configuration; NULL: not set */
	char *env_tag;	     /* KEY=VALUE in the environment of every command there; or NULL */
	struct argv options; /* for ssh, from the configuration */
	const struct events *events;
	struct channel *channels;
	char *control;	      /* path of the control socket */
	struct job *greeting; /* started by host_connect(); the first command waits for its end */
	int64_t limit_us;     /* every command ends by then, whatever its own time; 0: none */
	bool lost;	      /* did not reply once: every further command fails at once */
	bool fenced; /* known to be off: every command succeeds, because nothing runs there */
};

/* name and options are copied. ssh_dest NULL: this machine. */
struct host *host_new(const char *name, const char *ssh_dest, const struct argv *ssh_options,
		      const struct events *events);
/* Closes the channels; remote commands that still run end at their deadline. */
void host_free(struct host *host);
#define CLEANUP_HOST __attribute__((cleanup(host_free_p)))
void host_free_p(struct host **host);
bool host_is_local(const struct host *host);

/*
 * Starts to connect and doesn't wait. The first command gets the result: if the connection failed,
 * it is lost with the message of ssh. Does nothing for this machine or if a channel is open.
 */
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
/*
 * Opens so many channels on each host, on all hosts at once, so that as many commands can run at
 * once. Does nothing for this machine.
 */
int hosts_prime(struct host *const *hosts, size_t n, size_t channels, struct err *err);

#endif
