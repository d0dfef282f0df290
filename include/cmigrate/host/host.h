/* SPDX-License-Identifier: MIT */
/*
 * host: runs commands on a host, here or over ssh, with the same call.
 *
 * Here a command is executed from its argument vector. Elsewhere it is quoted (quote_argv()) into a
 * line for a POSIX sh that ssh keeps open: a "channel". One ssh connection per host is opened
 * (ControlMaster), every channel beyond the first goes through it, and a channel that is open
 * answers a command in one round trip: nothing is opened while a container is frozen.
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
	char *name;   /* as people call it */
	char *ssh;    /* ssh destination; NULL: this machine */
	char *device; /* for service addresses, from the configuration; NULL: not said */
	char *mark;   /* KEY=VALUE put into the environment of everything run there; or NULL */
	struct argv options; /* of ssh, from the configuration */
	const struct events *events;
	struct channel *channels;
	char *control;	      /* path of the control socket */
	struct job *greeting; /* of host_connect(): the first command waits for its end */
	int64_t limit_us;     /* no command goes on beyond it, whatever its own time; 0: none */
	bool lost;	      /* did not answer once: every further command fails at once */
	bool fenced; /* known to be off: every command there succeeds, for nothing is there */
};

/* name and options are copied. ssh_dest NULL: this machine. */
struct host *host_new(const char *name, const char *ssh_dest, const struct argv *ssh_options,
		      const struct events *events);
/* Closes the channels; remote commands still running there end at their deadline. */
void host_free(struct host *host);
#define CLEANUP_HOST __attribute__((cleanup(host_free_p)))
void host_free_p(struct host **host);
bool host_is_local(const struct host *host);

/*
 * Begins to connect, and doesn't wait for it. What becomes of that is learned by the first command:
 * where there is no answer it is lost, with what ssh said. Nothing to do here, or where a channel
 * is open.
 */
void host_connect(struct host *host);
/*
 * The command with its time cut to what the host's limit leaves of it, a millisecond at least. One
 * without a deadline is left as it is: it outlives every step.
 */
struct command host_within_limit(const struct host *host, const struct command *cmd);
/* Starts a command; -1 only where it could not even be tried (see job_failure() for the rest). */
int host_start(struct host *host, const struct command *cmd, struct job *job, struct err *err);
/* Start, wait, and fail unless the status is 0. */
int host_run(struct host *host, const struct command *cmd, struct err *err);
/* As host_run(), the output goes to *ret_out (owned by the caller). */
int host_output(struct host *host, const struct command *cmd, char **ret_out, struct err *err);
/*
 * Opens so many channels on each of them, on all at once, so that as many commands at once find one
 * open. Nothing to do here.
 */
int hosts_prime(struct host *const *hosts, size_t n, size_t channels, struct err *err);

#endif
