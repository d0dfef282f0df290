/* SPDX-License-Identifier: MIT */
/* Checks of the bundle's directory: one and the same on both hosts, writable, large enough. */
#include <string.h>

#include "cmigrate/check/check.h"

/* Room for all that CRIU writes besides the pages. */
#define IMAGES_EXTRA (16ULL << 20)

CHECK(bundle)
{
	const char *dir = p->bundle->dir;

	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		if (!*facts_get(host.facts, "config-sum"))
			return check_fail(f, NULL, "there is no '%s/config.json' on %s", dir,
					  host.name);
	}
	if (strcmp(facts_get(p->source, "config-sum"), facts_get(p->destination, "config-sum")) !=
	    0)
		return check_fail(f, NULL, "'%s/config.json' on %s differs from the one on %s", dir,
				  p->destination_name, p->source_name);
	return CHECK_OK;
}

CHECK(writable)
{
	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		const char *owner = facts_get(host.facts, "proof-owner");
		if (!*owner)
			return check_fail(f, NULL, "%s can't write in '%s/.cmigrate'", host.name,
					  p->bundle->dir);
		if (strcmp(owner, "0") != 0)
			return check_fail(f, "export it to that host with no_root_squash",
					  "what root of %s writes in '%s' belongs to user id %.20s",
					  host.name, p->bundle->dir, owner);
	}
	return CHECK_OK;
}

CHECK(shared)
{
	if (strcmp(facts_get(p->destination, "proof"), p->id) != 0)
		return check_fail(f, NULL, "'%s' on %s is not the directory that %s has there",
				  p->bundle->dir, p->destination_name, p->source_name);
	return CHECK_OK;
}

CHECK(space)
{
	uint64_t used = facts_uint(p->source, "memory"), left = facts_uint(p->source, "space");

	if (used > UINT64_MAX / 4)
		return check_fail(f, NULL, "the container's memory on %s is unknown",
				  p->source_name);
	/* The first pass of pre-copy writes all memory, the others what has changed since. */
	bool passes = strategy_is_pre_copy(p->strategy);
	uint64_t memory = p->direct ? 0 : passes ? 2 * used : used;
	uint64_t needed = memory + memory / 10 + IMAGES_EXTRA;
	if (left >= needed)
		return CHECK_OK;
	CLEANUP_FREE char *has = check_size(left);
	CLEANUP_FREE char *needs = check_size(needed);
	return check_fail(f, NULL, "'%s' on %s has %s left, and the images may take %s",
			  p->bundle->dir, p->source_name, has, needs);
}
