/* SPDX-License-Identifier: MIT */
/*
 * within: the time that a drain has if its host goes down, shared out between moves and what
 * becomes of the containers that can't be moved in it. Pure functions.
 */
#ifndef CMIGRATE_WITHIN_H
#define CMIGRATE_WITHIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/history/history.h"

/* The fate of a container that can't be moved in time. */
enum fallback { FALLBACK_LEAVE, FALLBACK_CHECKPOINT, FALLBACK_STOP };
/* The words for it, in that order; ended by NULL. */
extern const char *const fallback_words[];

struct within {
	int64_t deadline_us; /* 0: there is no limit */
	enum fallback fallback;
	unsigned parallel; /* fallbacks at once */
	/* The time that the fallbacks of all containers take that are still there. */
	double sum_ms, longest_ms;
};

/* Reads "90s", "90", "2m", "1h": seconds. EXIT_USAGE: no such time, or more than a day. */
int within_seconds(const char *text, unsigned *ret, struct err *err);
/*
 * How long a move of a container is expected to take: a quarter more than the longest of its last
 * three moves, more if it has grown since; without any by its memory alone.
 */
double within_move_ms(const struct history *history, uint64_t memory);
/* How long its fallback is expected to take. */
double within_fallback_ms(enum fallback fallback, uint64_t memory);
/* A container is there, or has left. */
void within_add(struct within *within, uint64_t memory);
void within_remove(struct within *within, uint64_t memory);
/* How long the fallbacks of all that are there take together. */
double within_fallbacks_ms(const struct within *within);
/* Whether something of that length can end in time and leave enough of it for the fallbacks. */
bool within_fits(const struct within *within, int64_t now_us, double ms);

#endif
