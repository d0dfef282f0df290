/* SPDX-License-Identifier: MIT */
/* Checks of the limits that config.json gives the container, which hold for its restore too. */
#include <string.h>

#include "cmigrate/check/check.h"

/*
 * Measured with criu 4.2 and runc 1.3: a restore has three processes of its own in the container's
 * cgroup, and needs 1.5 to 2.4 MiB of memory for each process that it makes.
 */
#define RESTORE_PIDS 3
#define RESTORE_MEMORY (2ULL << 20)

CHECK(pids_limit)
{
	uint64_t limit = p->bundle->pids_limit, used = facts_uint(p->source, "processes");

	if (!limit)
		return CHECK_NOT_NEEDED;
	/* Check 'memory' says what is unknown. */
	if (used > UINT32_MAX || used + RESTORE_PIDS <= limit)
		return CHECK_OK;
	return check_fail(f, NULL,
			  "config.json allows container '%s' %llu processes, and a restore of its "
			  "%llu needs %d more",
			  p->bundle->name, (unsigned long long)limit, (unsigned long long)used,
			  RESTORE_PIDS);
}

/* A cold restore keeps shared pages shared; after the other strategies each process has its own. */
CHECK(memory_limit)
{
	uint64_t limit = p->bundle->memory_limit;
	uint64_t used = facts_uint(p->source,
				   strategy_is_post_copy(p->strategy) ? "memory" : "cgroup-memory");
	uint64_t processes = facts_uint(p->source, "processes");

	if (!limit)
		return CHECK_NOT_NEEDED;
	if (used > UINT64_MAX / 4 || processes > UINT32_MAX ||
	    used + processes * RESTORE_MEMORY <= limit)
		return CHECK_OK;
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
