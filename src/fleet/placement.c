/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/placement.h"

#include <string.h>

#include "cmigrate/base/str.h"
#include "cmigrate/check/memory_left.h"

/* A host's free memory changes all the time: differences below this share of it say nothing. */
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

static bool can_now(const struct destination *d, uint64_t memory, size_t max_moving)
{
	return room(d, memory) && d->n_moving < max_moving;
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
	size_t failed = SIZE_MAX;
	int best = DESTINATION_NONE;

	/* Also of those that are full just now: waiting is better than a host where moves fail. */
	for (size_t i = 0; i < n; i++)
		if (room(&hosts[i], memory) && hosts[i].n_failed < failed)
			failed = hosts[i].n_failed;
	for (size_t i = 0; i < n; i++) {
		uint64_t left = room(&hosts[i], memory);
		if (left && best == DESTINATION_NONE)
			best = DESTINATION_LATER;
		if (can_now(&hosts[i], memory, max_moving) && hosts[i].n_failed == failed &&
		    left > most)
			most = left;
	}
	for (size_t i = 0; i < n; i++) {
		const struct destination *d = &hosts[i];
		if (can_now(d, memory, max_moving) && d->n_failed == failed &&
		    room(d, memory) + most / SHARES >= most &&
		    (best < 0 || has_fewer(d, &hosts[best])))
			best = (int)i;
	}
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

bool destination_is_silent(const char *message, const char *host)
{
	CLEANUP_FREE char *words = str_fmt("%s: no answer", host);
	const char *at = strstr(message, words);

	/* Not the end of another host's name. */
	return at && (at == message || at[-1] == ' ');
}

bool destination_refusal_is_gone(const char *message)
{
	return says_check(message, "container") &&
	       (strstr(message, "no container '") || strstr(message, " is stopped, not running"));
}
