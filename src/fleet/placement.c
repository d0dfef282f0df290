/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/placement.h"

#include <string.h>

#include "cmigrate/check/memory_left.h"

/* A host's free memory changes all the time: ignore differences below 1/16 of it. */
#define SHARES 16

static const char *const words[] = {
	[RULE_NONE] = "none",	      [RULE_ONLY] = "only",
	[RULE_MEMORY] = "memory",     [RULE_CONTAINERS] = "containers",
	[RULE_FAILURES] = "failures", [RULE_HOSTS] = "hosts",
	[RULE_SPREAD] = "spread",     [RULE_TOGETHER] = "together",
};

const char *placement_rule_word(enum placement_rule rule)
{
	return words[rule];
}

static uint64_t left_with(const struct placement_host *d, uint64_t memory)
{
	uint64_t needed = d->planned + memory + MEMORY_EXTRA;

	return d->available > needed ? d->available - needed : 0;
}

/* The questions about a host. */
struct wish {
	uint64_t memory;
	size_t max_moving;
	bool any; /* rules of the container are ignored */
};

/* The memory left with the container, 0 if the host can't take it at all. */
static uint64_t room(const struct placement_host *d, const struct wish *w)
{
	return d->refused || (d->barred != RULE_NONE && !w->any) ? 0 : left_with(d, w->memory);
}

static bool can_now(const struct placement_host *d, const struct wish *w)
{
	return room(d, w) && d->n_moving < w->max_moving;
}

static bool has_fewer(const struct placement_host *a, const struct placement_host *b)
{
	if (a->n_planned != b->n_planned)
		return a->n_planned < b->n_planned;
	return a->n_carried < b->n_carried;
}

static size_t fewest_failures(const struct placement_host *hosts, size_t n, const struct wish *w)
{
	size_t failed = SIZE_MAX;

	/* Hosts that are busy now count too: waiting is better than a host where moves fail. */
	for (size_t i = 0; i < n; i++)
		if (room(&hosts[i], w) && hosts[i].n_failed < failed)
			failed = hosts[i].n_failed;
	return failed;
}

static int choose(const struct placement_host *hosts, size_t n, const struct wish *w)
{
	size_t failed = fewest_failures(hosts, n, w);
	int best = PLACEMENT_NONE;
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t left = room(&hosts[i], w);
		if (left && best == PLACEMENT_NONE)
			best = PLACEMENT_LATER;
		if (can_now(&hosts[i], w) && hosts[i].n_failed == failed && left > most)
			most = left;
	}
	for (size_t i = 0; i < n; i++) {
		const struct placement_host *d = &hosts[i];
		if (can_now(d, w) && d->n_failed == failed && room(d, w) + most / SHARES >= most &&
		    (best < 0 || has_fewer(d, &hosts[best])))
			best = (int)i;
	}
	return best;
}

/* The rule that leaves one host to choose from. */
static enum placement_rule barring(const struct placement_host *hosts, size_t n,
				   const struct wish *w)
{
	const struct wish any = {w->memory, w->max_moving, true};

	for (size_t i = 0; i < n; i++)
		if (hosts[i].barred != RULE_NONE && room(&hosts[i], &any))
			return hosts[i].barred;
	return RULE_ONLY;
}

/* How the chosen host differs from the next best. */
static enum placement_rule why(const struct placement_host *hosts, size_t n, const struct wish *w,
			       int at)
{
	size_t others = 0, failing = 0, similar = 0;

	for (size_t i = 0; i < n; i++) {
		const struct placement_host *d = &hosts[i];
		if ((int)i == at || !room(d, w))
			continue;
		others++;
		failing += d->n_failed > hosts[at].n_failed;
		similar += d->n_failed == hosts[at].n_failed &&
			   room(d, w) + room(d, w) / SHARES >= room(&hosts[at], w);
	}
	if (!others)
		return barring(hosts, n, w);
	if (failing == others)
		return RULE_FAILURES;
	return similar ? RULE_CONTAINERS : RULE_MEMORY;
}

int placement_choose(const struct placement_host *hosts, size_t n, uint64_t memory,
		     size_t max_moving, enum placement_rule *ret_rule)
{
	const struct wish wish = {memory, max_moving, false}, any = {memory, max_moving, true};
	int at = choose(hosts, n, &wish), freely = choose(hosts, n, &any);

	*ret_rule = RULE_NONE;
	if (freely >= 0 && freely != at)
		*ret_rule = hosts[freely].barred;
	else if (at >= 0)
		*ret_rule = why(hosts, n, &wish, at);
	/* The host that would be chosen freely may be busy now. */
	for (size_t i = 0; at == PLACEMENT_NONE && *ret_rule == RULE_NONE && i < n; i++)
		if (room(&hosts[i], &any))
			*ret_rule = hosts[i].barred;
	return at;
}

enum placement_rule placement_bar(const struct place_rule *rule, const char *host,
				  const struct placement_member *members, size_t n)
{
	bool there = false, elsewhere = false;

	if (!place_rule_allows(rule, host))
		return RULE_HOSTS;
	for (size_t i = 0; i < n; i++) {
		if (!place_rule_same(rule, members[i].rule))
			continue;
		if (strcmp(members[i].host, host) == 0)
			there = true;
		else
			elsewhere = true;
	}
	if (rule->together)
		return elsewhere && !there ? RULE_TOGETHER : RULE_NONE;
	return there ? RULE_SPREAD : RULE_NONE;
}

bool placement_refusal_is_final(const struct summary *s)
{
	static const char *const checks[] = {
		"container",	 "terminal",   "stdio",	       "locks",		"sockets",
		"deleted",	 "mptcp",      "exec",	       "traced",	"zombies",
		"nested",	 "io-uring",   "watches",      "epoll",		"queues",
		"ipc",		 "attributes", "sleep",	       "timers",	"hooks",
		"scheduling",	 "pids-limit", "memory-limit", "descriptors",	"code",
		"mounts",	 "fifos",      "unread",       "conversations", "multicast",
		"socket-options"};

	for (size_t i = 0; s->check && i < sizeof(checks) / sizeof(*checks); i++)
		if (strcmp(s->check, checks[i]) == 0)
			return true;
	return summary_has_cause(s, CAUSE_NO_BUNDLE);
}

bool placement_is_lost(const struct summary *s, const char *host)
{
	return s->lost_host && strcmp(s->lost_host, host) == 0;
}
