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

/* In shares of the capacity: 0 to 16. */
static uint64_t share(const struct destination *d, uint64_t memory)
{
	uint64_t unit = d->capacity / SHARES;

	return unit ? left_with(d, memory) / unit : 0;
}

static bool is_better(const struct destination *a, const struct destination *b, uint64_t memory)
{
	uint64_t x = share(a, memory), y = share(b, memory);

	if (x != y)
		return x > y;
	if (a->n_planned != b->n_planned)
		return a->n_planned < b->n_planned;
	return a->n_carried < b->n_carried;
}

int destination_choose(const struct destination *hosts, size_t n, uint64_t memory,
		       size_t max_moving)
{
	int best = DESTINATION_NONE;

	for (size_t i = 0; i < n; i++) {
		const struct destination *d = &hosts[i];
		if (d->refused || !left_with(d, memory))
			continue;
		if (d->n_moving >= max_moving) {
			if (best == DESTINATION_NONE)
				best = DESTINATION_LATER;
			continue;
		}
		if (best < 0 || is_better(d, &hosts[best], memory))
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

bool destination_refusal_is_gone(const char *message)
{
	return says_check(message, "container") &&
	       (strstr(message, "no container '") || strstr(message, " is stopped, not running"));
}
