/* SPDX-License-Identifier: MIT */
/*
 * job: a request to the agent on a host, or a program on this machine, until its end; several can
 * be waited for at once.
 *
 * A request has a deadline. The agent ends it then; a host that stays silent LINK_GRACE_MS longer
 * is lost (job.lost), and the outcome of the request is unknown.
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

struct link;
struct host;

struct command {
	char *const
		*argv; /* the verb and its fields (src/agent/serve/verbs.c), or a program's words */
	char *const *env;  /* of a program: KEY=VALUE words, or NULL */
	const char *input; /* text that goes along; NULL: none */
	const char *shown; /* shown by --verbose; NULL: the argv */
	int timeout_ms;	   /* 0: no deadline (a dump at its gate) */
	size_t limit;	   /* of output; 0: OUTPUT_LIMIT */
};

enum job_state { JOB_NONE, JOB_RUNNING, JOB_DONE };

/* A started command. Zero it before host_start(), job_clear() it afterwards; it must not be moved
 * in memory meanwhile. */
struct job {
	struct host *host;
	enum job_state state;
	int status;	/* exit code; 128 + signal */
	bool timed_out; /* ended by its deadline */
	bool lost;	/* the host stopped replying: the outcome is not known */
	bool truncated;
	struct buf out, err;
	int64_t started_us, ended_us;
	/* private to src/host */
	struct proc proc;
	struct link *link;
	uint32_t id; /* of a request; 0: a program */
	struct job *next;
	bool told; /* jobs_wait_any() has returned it */
	int64_t deadline;
	int timeout_ms;
	unsigned signals; /* by the deadline */
	size_t limit;
	char *what;
};

/* The inner part of host_start(). */
void job_init(struct job *job, struct host *host, const struct command *cmd);
int job_request(struct job *job, const struct command *cmd, struct err *err);
/* As job_request(), but starts a program on this machine. */
int job_program(struct job *job, const struct command *cmd, struct err *err);
/* For whoever completes a job. */
void job_end(struct job *job);
/* Waits until one of the running jobs is done or the deadline passes. Returns the index of one that
 * it has not returned before, or -1. */
int jobs_wait_any(struct job *const *jobs, size_t n, int64_t deadline);
/* Waits for all. It returns because each job has a deadline; a job without one may block it for
 * ever. */
void jobs_wait_all(struct job *const *jobs, size_t n);
void job_wait(struct job *job);
double job_ms(const struct job *job);
/* 0 if the job is done with status 0; else -1 and a message: the host and the words of its agent;
 * the command and its status where there are none. */
int job_failure(const struct job *job, struct err *err);
/* Forgets a job. One that is not done goes on there, until its deadline at most. */
void job_clear(struct job *job);
/* Ends what a running job has started, and forgets it. */
void job_cancel(struct job *job);
/* Waits, reports as job_failure() does, and clears the job; 0 for a job that was never started. */
int job_finish(struct job *job, struct err *err);
#define CLEANUP_JOB __attribute__((cleanup(job_clear)))

#endif
