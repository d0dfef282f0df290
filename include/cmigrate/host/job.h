/* SPDX-License-Identifier: MIT */
/*
 * job: a running command on a host, here or over a channel; several can be waited for at once.
 *
 * A command has a deadline. On this machine its whole session is killed then; if a process still
 * doesn't end within some seconds, this host is lost. On others timeout(1) does the killing; a host
 * that stays silent LINK_GRACE_MS longer is lost (job.lost), and the outcome of the command is
 * unknown.
 */
#ifndef CMIGRATE_JOB_H
#define CMIGRATE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/proc.h"
#include "cmigrate/base/str.h"

#define LINK_GRACE_MS 4000
/* Output beyond this limit is thrown away and sets job.truncated, unless the command has its own
 * limit. */
#define OUTPUT_LIMIT (1024 * 1024)

struct channel;
struct host;

struct command {
	char *const *argv;
	char *const *env;  /* KEY=VALUE words, or NULL */
	const char *input; /* text for stdin, ends with a newline; NULL: /dev/null */
	const char *log;   /* file on the host that gets stdout and stderr; NULL: they come back */
	const char *shown; /* shown by --verbose; NULL: a script by its name, else the argv */
	int timeout_ms;	   /* 0: no deadline (a dump at its gate) */
	size_t limit;	   /* of output; 0: OUTPUT_LIMIT */
};

enum job_state { JOB_NONE, JOB_RUNNING, JOB_DONE };

/* A started command. Zero it before host_start(), job_clear() it afterwards. */
struct job {
	struct host *host;
	enum job_state state;
	int status;	/* exit code; 128 + signal; 124 or 137 if timeout(1) ended it */
	bool timed_out; /* ended by its deadline */
	bool lost;	/* the host stopped replying: the outcome is not known */
	bool truncated;
	struct buf out, err;
	int64_t started_us, ended_us;
	/* private to job.c */
	struct proc proc;
	struct channel *channel;
	struct buf in;
	char nonce[33];
	int64_t deadline;
	int timeout_ms;
	unsigned signals; /* by the deadline */
	size_t limit;
	char *what;
};

/* The inner part of host_start(): job_begin() without an event, and without waiting for a
 * connection that host_connect() has started. */
void job_init(struct job *job, struct host *host, const struct command *cmd);
int job_begin(struct job *job, const struct command *cmd, struct err *err);
/* Waits until one of the running jobs is done or the deadline passes. Returns its index, or -1. */
int jobs_wait_any(struct job *const *jobs, size_t n, int64_t deadline);
/* Waits for all. It returns because each job has a deadline; a job without one may block it for
 * ever. */
void jobs_wait_all(struct job *const *jobs, size_t n);
void job_wait(struct job *job);
double job_ms(const struct job *job);
/* 0 if the job is done with status 0; else -1 and a message: host, command, cause. */
int job_failure(const struct job *job, struct err *err);
void job_clear(struct job *job);
/* Waits, reports as job_failure() does, and clears the job; 0 for a job that was never started. */
int job_finish(struct job *job, struct err *err);
#define CLEANUP_JOB __attribute__((cleanup(job_clear)))

#endif
