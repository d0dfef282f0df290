/* SPDX-License-Identifier: MIT */
/* Checks of the limits that config.json gives the container, which hold for its restore too. */
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
/* The kernel rounds a limit to pages, of 64 KiB at most. */
#define PAGE_MAX (64ULL << 10)

/* "runc update" changes the limit of the copy that runs; the other one gets config.json's. now 0:
 * unknown, or no limit. */
static bool is_updated(uint64_t now, uint64_t limit)
{
	return now && now <= UINT64_MAX / 4 &&
	       (now > limit ? now - limit : limit - now) >= PAGE_MAX;
}

CHECK(pids_limit)
{
	uint64_t limit = p->bundle->pids_limit, now = facts_uint(p->source, "pids-max");
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
	if (now && now <= UINT32_MAX && now != limit)
		return check_warn(f, "write the limit into its config.json",
				  "container '%s' has a limit of %llu processes and threads on %s, "
				  "and another in its config.json",
				  p->bundle->name, (unsigned long long)now, p->source_name);
	return limit ? CHECK_OK : CHECK_NOT_NEEDED;
}

static enum check_outcome check_memory_now(const struct preflight *p, struct finding *f)
{
	uint64_t limit = p->bundle->memory_limit, now = facts_uint(p->source, "memory-max");

	if (!is_updated(now, limit))
		return limit ? CHECK_OK : CHECK_NOT_NEEDED;
	CLEANUP_FREE char *allows = check_size(now);
	return check_warn(f, "write the limit into its config.json",
			  "container '%s' has a limit of %s of memory on %s, and another in its "
			  "config.json",
			  p->bundle->name, allows, p->source_name);
}

/* A cold restore keeps shared pages shared; after the other strategies each process has its own. */
CHECK(memory_limit)
{
	uint64_t limit = p->bundle->memory_limit;
	uint64_t used = facts_uint(p->source,
				   strategy_is_post_copy(p->strategy) ? "memory" : "cgroup-memory");
	uint64_t processes = facts_uint(p->source, "processes");

	if (!limit || used > UINT64_MAX / 4 || processes > UINT32_MAX ||
	    used + processes * RESTORE_MEMORY <= limit)
		return check_memory_now(p, f);
	CLEANUP_FREE char *allows = check_size(limit);
	CLEANUP_FREE char *has = check_size(used);
	CLEANUP_FREE char *needs = check_size(used + processes * RESTORE_MEMORY);
	if (strategy_is_post_copy(p->strategy))
		return check_fail(f,
				  "move it with --strategy cold, which keeps shared pages shared",
				  "config.json allows container '%s' %s of memory, and with %s its "
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
