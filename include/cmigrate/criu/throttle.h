/* SPDX-License-Identifier: MIT */
/*
 * throttle: less processor time for a container whose memory changes faster than passes of pre-copy
 * write it. Its quota is halved between two passes, down to a tenth of what it has used.
 *
 * Order: runtime_quota_look() before the passes and after each; throttle_more(), the journal,
 * runtime_quota_set(); at the end runtime_quota_set() with what it was.
 */
#ifndef CMIGRATE_THROTTLE_H
#define CMIGRATE_THROTTLE_H

#include "cmigrate/criu/runtime.h"

#define QUOTA_SIZE 24

/* As a host says it; times in microseconds. */
struct quota {
	char quota[QUOTA_SIZE]; /* a number, or "max" */
	unsigned long long period, usage;
};

struct throttle {
	unsigned percent;	 /* of its time; 0: not throttled */
	unsigned long long base; /* its time in a period, before */
};

/* Parses "QUOTA PERIOD USAGE". EXIT_FAILED: it is not that. */
int quota_parse(const char *text, struct quota *ret, struct err *err);
/* Whether a word is a quota. */
bool quota_check(const char *word);
/*
 * Halves it once more: *ret is the quota. The base is what the container has used between two looks
 * so many microseconds apart, or its quota if that is less. False: it is at its floor, or has not
 * used anything.
 */
bool throttle_more(struct throttle *throttle, const struct quota *before, const struct quota *now,
		   long long us, char ret[QUOTA_SIZE]);

/* EXIT_FAILED: its cgroup has none. */
int runtime_quota_look(const struct runtime *rt, struct quota *ret, struct err *err);
/* Fine if the container is gone. */
int runtime_quota_set(const struct runtime *rt, const char *quota, struct err *err);

#endif
