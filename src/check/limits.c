/* SPDX-License-Identifier: MIT */
/* Checks of the limits that config.json gives the container, which hold for its restore, and of
 * those that `runc update` has set since, which are carried over after it. */
#include <stdio.h>
#include <string.h>

#include "cmigrate/check/check.h"

/*
 * Measured with criu 4.2 and runc 1.3: while a restore makes the processes it has three more of its
 * own in the container's cgroup, two while it makes the threads, and in all six for the first
 * process and the contents of a tmpfs. It needs 1.5 to 2.4 MiB of memory for each process that it
 * makes.
 */
#define FORKING_PIDS 3
#define THREADING_PIDS 2
#define TMPFS_PIDS 6
#define RESTORE_MEMORY (2ULL << 20)

CHECK(pids_limit)
{
	uint64_t limit = p->bundle->pids_limit;
	uint64_t processes = facts_uint(p->source, "processes"),
		 threads = facts_uint(p->source, "threads");

	/* Check 'memory' says what is unknown. */
	if (processes > UINT32_MAX || threads > UINT32_MAX)
		return CHECK_OK;
	uint64_t needs = processes + FORKING_PIDS > threads + THREADING_PIDS
				 ? processes + FORKING_PIDS
				 : threads + THREADING_PIDS;
	if (limit && needs > limit)
		return check_fail(
			f, NULL,
			"config.json allows container '%s' %llu processes and threads, and "
			"its restore needs %llu",
			p->bundle->name, (unsigned long long)limit, (unsigned long long)needs);
	if (limit && limit < TMPFS_PIDS)
		return check_warn(
			f, NULL,
			"config.json allows container '%s' %llu processes and threads, and "
			"its restore may need %d",
			p->bundle->name, (unsigned long long)limit, TMPFS_PIDS);
	return limit ? CHECK_OK : CHECK_NOT_NEEDED;
}

/*
 * A cold restore keeps shared pages shared; after the other strategies each process has its own.
 * The restore has the limit of config.json, and from then on the copy has the source's.
 */
CHECK(memory_limit)
{
	const bool lazy = strategy_is_post_copy(p->strategy);
	uint64_t limit = p->bundle->memory_limit, now = facts_uint(p->source, "memory-max");
	uint64_t used = facts_uint(p->source, lazy ? "memory" : "cgroup-memory");
	uint64_t processes = facts_uint(p->source, "processes");

	if (lazy && now && (!limit || now < limit) && now <= UINT64_MAX / 4)
		limit = now;
	if (!limit)
		return CHECK_NOT_NEEDED;
	if (used > UINT64_MAX / 4 || processes > UINT32_MAX ||
	    used + processes * RESTORE_MEMORY <= limit)
		return CHECK_OK;
	CLEANUP_FREE char *allows = check_size(limit);
	CLEANUP_FREE char *has = check_size(used);
	CLEANUP_FREE char *needs = check_size(used + processes * RESTORE_MEMORY);
	if (lazy)
		return check_fail(f,
				  "move it with --strategy cold, which keeps shared pages shared",
				  "container '%s' is limited to %s of memory, and with %s its "
				  "%llu processes may need %s",
				  p->bundle->name, allows, strategy_name(p->strategy),
				  (unsigned long long)processes, needs);
	if (used > limit)
		return check_fail(f, NULL,
				  "config.json allows container '%s' %s of memory, and it uses %s",
				  p->bundle->name, allows, has);
	return check_warn(f, NULL,
			  "config.json allows container '%s' %s of memory, it uses %s, and its "
			  "restore may need %s",
			  p->bundle->name, allows, has, needs);
}

/* The end of the numbers in "0-3,8" that begin at *text, as *ret_from and *ret_to. */
static const char *next_range(const char *text, unsigned *ret_from, unsigned *ret_to)
{
	int used = 0;

	if (sscanf(text, "%5u%n", ret_from, &used) != 1)
		return NULL;
	text += used;
	*ret_to = *ret_from;
	if (*text == '-' && sscanf(text, "-%5u%n", ret_to, &used) == 1)
		text += used;
	return text + (*text == ',');
}

static bool has_number(const char *list, unsigned number)
{
	unsigned from, to;

	while ((list = next_range(list, &from, &to)) != NULL)
		if (from <= number && number <= to)
			return true;
	return false;
}

static bool has_all(const char *list, const char *wanted)
{
	unsigned from, to;

	while ((wanted = next_range(wanted, &from, &to)) != NULL)
		for (unsigned i = from; i <= to; i++)
			if (!has_number(list, i))
				return false;
	return true;
}

/* "cpuset.cpus 0-3": the other limits can be set on any host. */
CHECK(limits)
{
	const char *row;

	for (size_t i = 0; (row = facts_nth(p->source, "limit", i)) != NULL; i++) {
		bool cpus = strncmp(row, "cpuset.cpus ", strlen("cpuset.cpus ")) == 0;
		const char *list = facts_get(p->destination, cpus ? "cpus" : "nodes");
		const char *wanted = row + strcspn(row, " ");
		if (*list && !has_all(list, wanted + strspn(wanted, " ")))
			return check_fail(
				f, NULL,
				"container '%s' on %s has a limit that can't be set on %s, "
				"which has %s %.80s: %.100s",
				p->bundle->name, p->source_name, p->destination_name,
				cpus ? "CPUs" : "memory nodes", list, row);
	}
	return CHECK_OK;
}
