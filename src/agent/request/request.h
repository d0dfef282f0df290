/* SPDX-License-Identifier: MIT */
/*
 * request: one request of the controller, as a verb of the agent serves it.
 *
 * Each request has a thread to itself, so a verb is plain code that may wait. It waits by the
 * functions below alone: they end when the request is cancelled, its deadline passes or the
 * connection ends, and the verb then returns at once (request_over()). A verb keeps to this:
 * - it uses the fields, which are checked (fields.h), and derives every path from them (paths.h);
 * - it starts programs by program.h alone, and nothing while request_over();
 * - no state of the whole process is changed: no chdir, umask (it is 077), setenv, signal handler.
 *   A network namespace is entered by netns.h.
 */
#ifndef CMIGRATE_AGENT_REQUEST_H
#define CMIGRATE_AGENT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/str.h"

struct request {
	const char *root;  /* directory of the bundles */
	struct argv words; /* the verb, then its fields: KEY=VALUE */
	struct buf input;  /* text that came along */
	bool has_input;
	int64_t deadline;    /* deadline.h; 0: none */
	struct buf out, err; /* what goes back at the end */
	/* private to serve.c */
	uint32_t id;
	size_t limit;
	int later; /* a descriptor to be closed after the reply; 0, -1: none */
	int wake;  /* eventfd, readable once the request is to end */
	bool cancelled, timed_out, spoilt;
	bool abandoned; /* cancelled because the connection has ended */
	struct request *next;
};

/* The value of a field; NULL if the request lacks it. The words borrow from the request. */
const char *request_get(const struct request *req, const char *key);
/* The value number i (from 0) of a field that may come more than once; NULL: no more. */
const char *request_nth(const struct request *req, const char *key, size_t i);
/* Whether a field is there, whatever its value ("keep=yes"). */
bool request_has(const struct request *req, const char *key);
/* Whether a field is there with this value. */
bool request_is(const struct request *req, const char *key, const char *value);
/* A field of digits; 0 if it is missing. */
unsigned long long request_number(const struct request *req, const char *key);

/* Adds to the output, which the controller gets at the end. */
void request_say(struct request *req, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds a line to the messages: lower case, no full stop, no host (the controller adds it). Returns
 * 1, for `return request_fail(...)`: the exit status of the verb. */
int request_fail(struct request *req, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As request_fail(), followed by ": " and the text of errno. */
int request_errno(struct request *req, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whether the verb has to return: cancelled, too late, or the connection has ended. */
bool request_over(struct request *req);
/* Waits ms milliseconds. False: the verb has to return. */
bool request_sleep(struct request *req, int ms);
/* Waits for events (poll(2)) of a descriptor, for ms at most (-1: for the deadline alone). 1: they
 * are there; 0: ms have passed; -1: the verb has to return. */
int request_wait(struct request *req, int fd, short events, int ms);

/* Closes a descriptor (-1: none) after the reply. For one descriptor a request. */
void request_close_later(struct request *req, int fd);
/* The thread of this request has left a namespace for good: it serves nobody afterwards. */
void request_spoil_thread(struct request *req);

#endif
