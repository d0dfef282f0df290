/* SPDX-License-Identifier: MIT */
/*
 * event: the callback through which everything below the user interface reports. Only ui and main
 * print.
 */
#ifndef CMIGRATE_EVENT_H
#define CMIGRATE_EVENT_H

#include <stdint.h>

enum event_kind {
	EVENT_COMMAND,	  /* a command is about to run: host, text (as a shell would read it) */
	EVENT_STEP_BEGIN, /* name */
	EVENT_STEP_END,	  /* name, ms; text: the result, or NULL */
	EVENT_UNDO,	  /* name of the step that is being undone */
	EVENT_PROGRESS,	  /* name of the step, bytes, rate, pages */
	EVENT_NOTE,	  /* text: something a person should know, not an error */
};

struct event {
	enum event_kind kind;
	const char *name;
	const char *host;
	const char *text;
	double ms;	       /* how long a step took */
	double at_ms;	       /* since the start of the operation */
	uint64_t bytes;	       /* written so far */
	uint64_t bytes_second; /* rate */
	uint64_t pages;	       /* still dirty; 0 if not known */
};

struct events {
	void (*fn)(void *ctx, const struct event *event);
	void *ctx;
};

/* Reports an event; does nothing if ev or its callback is NULL. */
void event_emit(const struct events *ev, const struct event *event);
void event_note(const struct events *ev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
