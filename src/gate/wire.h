/* SPDX-License-Identifier: MIT */
/*
 * wire: reads back the lines of ssh_channel.h: one command for the sh at the other end of a
 * channel.
 *
 * It is no shell. Nothing is expanded, nothing is executed, and there is one spelling of each
 * command: a text that channel_command() or channel_exec() would not have written byte for byte is
 * refused, whatever a shell would make of it.
 */
#ifndef CMIGRATE_GATE_WIRE_H
#define CMIGRATE_GATE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

/* A command with its input is at most this long, more than state_dir.h ever sends. */
#define WIRE_MAX_BYTES (4 * 1024 * 1024)

struct wire_line {
	bool takes_over; /* from channel_exec(): it takes the place of the sh; no marks, no deadline
			  */
	struct argv env; /* KEY=VALUE words */
	int timeout_ms;	 /* 0: none */
	struct argv argv; /* at least one word */
	char *input;	  /* text for stdin, ends with a newline; NULL: /dev/null */
	char *log;	  /* file for stdout and stderr; NULL: they go back */
	char nonce[33];	  /* the word in its marks */
};

enum wire_state {
	WIRE_WHOLE,   /* *ret is filled, *ret_len is its length in the text */
	WIRE_PARTIAL, /* there is more to come; nothing is touched */
	WIRE_BAD,     /* not a command of cmigrate; *err says where */
};

/* Parses the first command of a text. *ret: zeroed before, wire_clear() afterwards. */
enum wire_state wire_parse(const char *text, size_t len, struct wire_line *ret, size_t *ret_len,
			   struct err *err);
/* The words of a line that quote_argv() has written: 0, or -1 with EXIT_USAGE. */
int wire_words(const char *text, struct argv *ret, struct err *err);
void wire_clear(struct wire_line *line);
#define CLEANUP_WIRE_LINE __attribute__((cleanup(wire_clear)))

#endif
