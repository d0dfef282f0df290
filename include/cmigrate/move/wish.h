/* SPDX-License-Identifier: MIT */
/*
 * wish: what another process asks of a move that runs: to be undone, or to go on otherwise. A line
 * of the file WISHES_FILE in the container's state directory. It names the move, so it never hits
 * the next one. The move answers in the file of its events.
 */
#ifndef CMIGRATE_WISH_H
#define CMIGRATE_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/str.h"
#include "cmigrate/base/strategy.h"

#define WISHES_FILE "wishes"
#define EVENTS_FILE "events"
#define WISH_ID_SIZE 17

struct wish {
	char id[WISH_ID_SIZE]; /* random hexadecimal digits: the answer has them too */
	char *by;	       /* who asks: "pid 42 on rhel02" */
	bool abort;
	bool post_copy;
	unsigned max_downtime_ms; /* 0: not asked for */
	uint64_t bandwidth;	  /* bytes a second; 0: not asked for */
};
#define CLEANUP_WISH __attribute__((cleanup(wish_clear)))

/* Makes its id and names this process in it. */
void wish_init(struct wish *wish);
void wish_clear(struct wish *wish);
/* The line, with its newline; owned by the caller. move: the id of the move. */
char *wish_line(const struct wish *wish, const char *move);
/* Reads a line, without its newline, which anybody may have written. False: it is no wish to that
 * move. */
bool wish_read(const char *line, size_t len, const char *move, struct wish *ret);

enum wish_answer {
	WISH_TAKEN,   /* it is done, or the next decision uses it */
	WISH_LATE,    /* the move is past the point up to which it could be done */
	WISH_REFUSED, /* this move can't do it */
};
/* "taken", "too-late", "refused". */
const char *wish_answer_word(enum wish_answer answer);

/* How far a move has come. */
struct wish_state {
	const char *step; /* that is under way; NULL: none yet */
	enum strategy_id strategy;
	bool released;	/* clients may have been answered by the destination's copy */
	bool committed; /* past the commit point */
	bool direct;	/* its memory goes straight to the destination before the restore */
};
/* The answer to a wish in that state. docs/move.md has it as a table. */
enum wish_answer wish_decide(const struct wish *wish, const struct wish_state *state);

#endif
