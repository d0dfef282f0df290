/* SPDX-License-Identifier: MIT */
/*
 * err: the one error object, filled by the function that fails and printed once by main.
 *
 * A function that can fail takes a struct err as its last parameter, returns 0 or -1, and leaves
 * its outputs untouched on failure. Callers add context with err_wrap() on the way up. The first
 * cause survives: a failure of the undo goes to another struct err.
 */
#ifndef CMIGRATE_ERR_H
#define CMIGRATE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* Exit codes, the same for all commands; cmigrate(1) has the table. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,   /* failed, nothing had been changed */
	EXIT_USAGE = 2,	   /* wrong usage, configuration or config.json */
	EXIT_REFUSED = 3,  /* refused by a check, nothing had been changed */
	EXIT_UNDONE = 4,   /* the move failed and was undone: the container runs on the source */
	EXIT_SILENT = 5,   /* moved, and the endpoint did not answer in time */
	EXIT_IN_DOUBT = 6, /* a host can't be reached, at most one copy runs */
	EXIT_BUSY = 7,	   /* locked by another cmigrate, or an interrupted move waits */
	EXIT_SOME = 8,	   /* drain, uncordon, rebalance: some moves failed */
	EXIT_LOST = 9,	   /* it runs nowhere and can't be restored */
};

/* The cause of a failure, for code that decides by it. Messages are for people alone. */
enum err_cause {
	CAUSE_NONE,	 /* no code decides by it */
	CAUSE_CHECK,	 /* a check refused: err.check */
	CAUSE_GONE,	 /* err.check refused: the container has left its source or ended */
	CAUSE_NO_BUNDLE, /* the container has no readable config.json */
	CAUSE_LOST_HOST, /* a host stopped answering, or never did: err.host */
	CAUSE_LOCKED,	 /* another cmigrate holds the container */
	CAUSE_PENDING,	 /* an interrupted move waits for `recover` */
	ERR_CAUSES
};

#define ERR_SIZE 2048
#define ERR_HOST_SIZE 256

struct err {
	enum exit_code code; /* EXIT_DONE until something fails */
	enum err_cause cause;
	const char *check;	  /* the id of the check that refused, or NULL */
	char host[ERR_HOST_SIZE]; /* the lost host, or "" */
	char msg[ERR_SIZE]; /* lower case, no full stop, printable: control bytes are masked */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = EXIT_DONE, .msg = ""                                                       \
	}

/* Sets code and message; an earlier message and its cause are overwritten. Returns -1, for
 * `return err_set(...)`. */
int err_set(struct err *err, enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set(), followed by ": " and the text of errno. errno is read first. */
int err_errno(struct err *err, enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the cause of the error that was set just now. Returns -1. */
int err_because(struct err *err, enum err_cause cause);
/* Sets CAUSE_CHECK, or CAUSE_GONE if the check found the container gone. check: its id, static
 * text. Returns -1. */
int err_because_check(struct err *err, const char *check, bool gone);
/* Sets CAUSE_LOST_HOST; the name is copied. Returns -1. */
int err_because_lost(struct err *err, const char *host);
/* The cause as it is written in JSON: "check", "gone", "no-bundle", "lost-host", "locked",
 * "pending"; NULL for CAUSE_NONE. */
const char *err_cause_word(enum err_cause cause);

/* Puts "CONTEXT: " before the message; code and cause stay. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends "; MORE" to the message: a remedy, or what was done about it. Returns -1. */
int err_append(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
