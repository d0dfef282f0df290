/* SPDX-License-Identifier: MIT */
/*
 * host: runs commands on a host, here or over ssh, with the same call.
 *
 * Here a command is executed from its argument vector. Elsewhere it is quoted (quote_argv()) into a
 * line for a POSIX sh that ssh keeps open: a "channel". One ssh connection per host is opened
 * (ControlMaster), every channel beyond the first goes through it, and a channel that is open
 * answers a command in one round trip: nothing is opened while a container is frozen.
 *
 * Every command has a deadline. Here its whole session is killed when it passes; elsewhere
 * timeout(1) does that on the host itself, and a host that stays silent LINK_GRACE_MS longer is
 * lost (job.lost): what became of the command is then not known.
 */
#ifndef CMIGRATE_HOST_H
#define CMIGRATE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/err.h"
#include "cmigrate/event.h"
#include "cmigrate/proc.h"
#include "cmigrate/str.h"

#define LINK_GRACE_MS 4000
/* Output beyond this is thrown away and job.truncated set, unless the command says otherwise. */
#define OUTPUT_LIMIT (1024 * 1024)

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
	bool lost;	      /* did not answer once: every further command fails at once */
	bool fenced; /* known to be off: every command there succeeds, for nothing is there */
};

struct command {
	char *const *argv;
	char *const *env;  /* KEY=VALUE words, or NULL */
	const char *input; /* text for stdin, ends with a newline; NULL: /dev/null */
	const char *log;   /* file on the host that gets stdout and stderr; NULL: they come back */
	const char *shown; /* what --verbose shows; NULL: a script by its name, else the argv */
	int timeout_ms;	   /* 0: never ended, waits for ever (a dump at its gate) */
	size_t limit;	   /* of output; 0: OUTPUT_LIMIT */
};

enum job_state { JOB_NONE, JOB_RUNNING, JOB_DONE };

/* A command on its way. Zeroed before host_start(); job_clear() when done with. */
struct job {
	struct host *host;
	enum job_state state;
	int status;	/* exit code; 128 + signal; 124 or 137 where timeout(1) ended it */
	bool timed_out; /* ended by its deadline */
	bool lost;	/* the host stopped answering: the outcome is not known */
	bool truncated;
	struct buf out, err;
	int64_t started_us, ended_us;
	/* private to host.c */
	struct proc proc;
	struct channel *channel;
	struct buf in;
	char nonce[33];
	int64_t deadline;
	int timeout_ms;
	bool killed;
	size_t limit;
	char *what;
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
/* Starts a command; -1 only where it could not even be tried (see job_failure() for the rest). */
int host_start(struct host *host, const struct command *cmd, struct job *job, struct err *err);
/* Waits until one of the jobs that run is done or the moment passes; its index, or -1. */
int jobs_wait_any(struct job *const *jobs, size_t n, int64_t deadline);
/* Waits for all. Each has its own deadline, so this ends, unless a job has none. */
void jobs_wait_all(struct job *const *jobs, size_t n);
void job_wait(struct job *job);
double job_ms(const struct job *job);
/* 0 when the job was done with status 0; else -1 and a message: host, command, cause. */
int job_failure(const struct job *job, struct err *err);
void job_clear(struct job *job);
/* Waits, says what job_failure() would, and clears it; 0 for a job that was never started. */
int job_finish(struct job *job, struct err *err);
#define CLEANUP_JOB __attribute__((cleanup(job_clear)))

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
