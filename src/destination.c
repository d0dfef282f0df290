/* SPDX-License-Identifier: MIT */
#include "cmigrate/destination.h"

#include <string.h>

#include "cmigrate/str.h"

/* As the check 'memory' has it: the kernel's own and page tables. */
#define MEMORY_EXTRA (16ULL << 20)
/* A host's free memory changes all the time: differences below this share say nothing. */
#define SHARES 16

static uint64_t left_with(const struct destination *d, uint64_t memory)
{
	uint64_t needed = d->planned + memory + MEMORY_EXTRA;

	return d->available > needed ? d->available - needed : 0;
}

/* 0 where it may not have it at all. */
static uint64_t room(const struct destination *d, uint64_t memory)
{
	return d->refused ? 0 : left_with(d, memory);
}

/* Whether a host has about as much left as the one that has most. */
static bool is_among_best(const struct destination *d, uint64_t memory, uint64_t most)
{
	return room(d, memory) && room(d, memory) + d->capacity / SHARES >= most;
}

static bool has_fewer(const struct destination *a, const struct destination *b)
{
	if (a->n_planned != b->n_planned)
		return a->n_planned < b->n_planned;
	return a->n_carried < b->n_carried;
}

int destination_choose(const struct destination *hosts, size_t n, uint64_t memory,
		       size_t max_moving)
{
	uint64_t most = 0;
	int best = DESTINATION_NONE;

	for (size_t i = 0; i < n; i++) {
		uint64_t left = room(&hosts[i], memory);
		if (left && best == DESTINATION_NONE)
			best = DESTINATION_LATER;
		if (hosts[i].n_moving < max_moving && left > most)
			most = left;
	}
	for (size_t i = 0; i < n; i++)
		if (hosts[i].n_moving < max_moving && is_among_best(&hosts[i], memory, most) &&
		    (best < 0 || has_fewer(&hosts[i], &hosts[best])))
			best = (int)i;
	return best;
}

static bool says_check(const char *message, const char *id)
{
	CLEANUP_FREE char *words = str_fmt("check '%s': ", id);

	return strstr(message, words) != NULL;
}

bool destination_refusal_is_final(const char *message)
{
	static const char *const checks[] = {"container", "terminal", "stdio", "locks",
					     "sockets",	  "deleted",  "mptcp"};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (says_check(message, checks[i]))
			return true;
	return strstr(message, "has no readable '") != NULL;
}

bool destination_refusal_is_gone(const char *message)
{
	return says_check(message, "container") &&
	       (strstr(message, "no container '") || strstr(message, " is stopped, not running"));
}
