/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/placement.h"

#include <string.h>

#include "cmigrate/check/memory_left.h"

/* A host's free memory changes all the time: ignore differences below 1/16 of it. */
#define SHARES 16

static uint64_t left_with(const struct placement_host *d, uint64_t memory)
{
	uint64_t needed = d->planned + memory + MEMORY_EXTRA;

	return d->available > needed ? d->available - needed : 0;
}

/* The memory left with the container, 0 if the host can't take it at all. */
static uint64_t room(const struct placement_host *d, uint64_t memory)
{
	return d->refused ? 0 : left_with(d, memory);
}

static bool can_now(const struct placement_host *d, uint64_t memory, size_t max_moving)
{
	return room(d, memory) && d->n_moving < max_moving;
}

static bool has_fewer(const struct placement_host *a, const struct placement_host *b)
{
	if (a->n_planned != b->n_planned)
		return a->n_planned < b->n_planned;
	return a->n_carried < b->n_carried;
}

int placement_choose(const struct placement_host *hosts, size_t n, uint64_t memory,
		     size_t max_moving)
{
	uint64_t most = 0;
	size_t failed = SIZE_MAX;
	int best = PLACEMENT_NONE;

	/* Hosts that are busy now count too: waiting is better than a host where moves fail. */
	for (size_t i = 0; i < n; i++)
		if (room(&hosts[i], memory) && hosts[i].n_failed < failed)
			failed = hosts[i].n_failed;
	for (size_t i = 0; i < n; i++) {
		uint64_t left = room(&hosts[i], memory);
		if (left && best == PLACEMENT_NONE)
			best = PLACEMENT_LATER;
		if (can_now(&hosts[i], memory, max_moving) && hosts[i].n_failed == failed &&
		    left > most)
			most = left;
	}
	for (size_t i = 0; i < n; i++) {
		const struct placement_host *d = &hosts[i];
		if (can_now(d, memory, max_moving) && d->n_failed == failed &&
		    room(d, memory) + most / SHARES >= most &&
		    (best < 0 || has_fewer(d, &hosts[best])))
			best = (int)i;
	}
	return best;
}

bool placement_refusal_is_final(const struct summary *s)
{
	static const char *const checks[] = {
		"container", "terminal", "stdio",	"locks",  "sockets",  "deleted", "mptcp",
		"exec",	     "traced",	 "zombies",	"nested", "io-uring", "watches", "epoll",
		"queues",    "ipc",	 "descriptors", "code",	  "mounts"};

	for (size_t i = 0; s->check && i < sizeof(checks) / sizeof(*checks); i++)
		if (strcmp(s->check, checks[i]) == 0)
			return true;
	return summary_has_cause(s, CAUSE_NO_BUNDLE);
}

bool placement_is_lost(const struct summary *s, const char *host)
{
	return s->lost_host && strcmp(s->lost_host, host) == 0;
}
