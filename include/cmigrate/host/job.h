/* SPDX-License-Identifier: MIT */
/*
 * job: a command on its way on a host, here or over a channel; several are waited for at once.
 *
 * Every command has a deadline. Here its whole session is killed when it passes, and a
 * process that even so does not end within some seconds makes this host lost; elsewhere
 * timeout(1) does that on the host itself, and a host that stays silent LINK_GRACE_MS longer is
 * lost (job.lost): what became of the command is then not known.
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
/* Output beyond this is thrown away and job.truncated set, unless the command says otherwise. */
#define OUTPUT_LIMIT (1024 * 1024)

struct channel;
struct host;

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
	/* private to job.c */
	struct proc proc;
	struct channel *channel;
	struct buf in;
	char nonce[33];
	int64_t deadline;
	int timeout_ms;
	unsigned signals; /* sent by its deadline */
	size_t limit;
	char *what;
};

/* What host_start() is made of: job_begin() without an event, and without waiting for a connection
 * that host_connect() has begun. */
void job_init(struct job *job, struct host *host, const struct command *cmd);
int job_begin(struct job *job, const struct command *cmd, struct err *err);
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

#endif
