/* SPDX-License-Identifier: MIT */
/* Checks of the two machines: cmigrate's rights, what they are, what they have left. */
#include <stdio.h>
#include <string.h>

#include "cmigrate/check/check.h"
#include "cmigrate/check/memory_left.h"

CHECK(facts)
{
	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		const char *problem = facts_get(host.facts, "problem");
		if (!facts_has(host.facts, "complete", "yes"))
			return check_fail(f, NULL, "%s did not tell all about itself%s%.300s",
					  host.name, *problem ? ": " : "", problem);
	}
	return CHECK_OK;
}

CHECK(root)
{
	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		if (!facts_has(host.facts, "uid", "0"))
			return check_fail(f, NULL, "cmigrate is user id '%.20s' on %s, not root",
					  facts_get(host.facts, "uid"), host.name);
	}
	return CHECK_OK;
}

CHECK(source_is_destination)
{
	const char *identity = facts_get(p->source, "identity");

	if (*identity && strcmp(identity, facts_get(p->destination, "identity")) == 0)
		return check_fail(f, NULL, "%s and %s are the same host", p->source_name,
				  p->destination_name);
	return CHECK_OK;
}

CHECK(tools)
{
	/* CRIU starts them. */
	static const char *const tools[] = {"ip", "tar"};
	/* Rules hold packets back, and keep others away from the port that memory comes from. */
	bool rules =
		p->bundle->n_addresses > 0 ||
		(p->encrypt == ENCRYPT_OFF && (p->direct || strategy_is_post_copy(p->strategy)));

	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		for (size_t t = 0; t < sizeof(tools) / sizeof(*tools); t++)
			if (!facts_has(host.facts, "tool", tools[t]))
				return check_fail(f, NULL, "there is no '%s' on %s", tools[t],
						  host.name);
		if (rules && !facts_has(host.facts, "tool", "nft"))
			return check_fail(f, "install nftables there", "there is no 'nft' on %s",
					  host.name);
	}
	return CHECK_OK;
}

CHECK(machine)
{
	const char *here = facts_get(p->source, "machine");
	const char *there = facts_get(p->destination, "machine");

	if (strcmp(here, there) != 0)
		return check_fail(f, NULL, "%s is '%.20s', but %s is '%.20s'", p->source_name, here,
				  p->destination_name, there);
	return CHECK_OK;
}

/* The file system at /sys/fs/cgroup: with version 1 and with both of them it is a tmpfs. */
static const char *cgroup_version(const struct facts *facts)
{
	const char *type = facts_get(facts, "cgroup");

	if (strcmp(type, "cgroup2fs") == 0)
		return "2";
	return strcmp(type, "tmpfs") == 0 ? "1" : "unknown";
}

CHECK(cgroup)
{
	const char *here = cgroup_version(p->source);
	const char *there = cgroup_version(p->destination);

	if (strcmp(here, there) != 0)
		return check_fail(f, NULL, "%s has cgroup version %s, but %s has version %s",
				  p->source_name, here, p->destination_name, there);
	return CHECK_OK;
}

CHECK(memory)
{
	uint64_t used = facts_uint(p->source, "memory");
	uint64_t available = facts_uint(p->destination, "memory-available");
	bool limited = p->destination_room < used;

	if (used > UINT64_MAX - MEMORY_EXTRA)
		return check_fail(f, NULL, "the container's memory on %s is unknown",
				  p->source_name);
	/* The configuration's limit does not count the kernel's memory. */
	if (available >= used + MEMORY_EXTRA && !limited)
		return CHECK_OK;
	CLEANUP_FREE char *has = check_size(limited ? p->destination_room : available);
	CLEANUP_FREE char *needs = check_size(used);
	return check_fail(f, NULL, "%s has %s of memory left%s, and the container uses %s",
			  p->destination_name, has,
			  limited ? " of what the configuration allows" : "", needs);
}

/* Free huge pages of that size on the destination. */
static unsigned long long huge_free(const struct facts *facts, unsigned long long kib)
{
	unsigned long long size, pages;
	const char *row;

	for (size_t i = 0; (row = facts_nth(facts, "huge-free", i)) != NULL; i++)
		if (sscanf(row, "%llu %llu", &size, &pages) == 2 && size == kib)
			return pages;
	return 0;
}

/* Fails if the host has fewer pages free than that. */
static enum check_outcome check_huge(struct finding *f, struct check_host host,
				     unsigned long long kib, unsigned long long pages,
				     const char *what, const char *holder)
{
	unsigned long long has = huge_free(host.facts, kib);

	if (pages <= has)
		return CHECK_OK;
	return check_fail(f, NULL,
			  "%s of %llu huge pages of %llu KiB, and %s has %llu of them free: %.100s",
			  what, pages, kib, host.name, has, holder);
}

/* "KIB PAGES LARGEST, HOLDER". CRIU maps each file once more to dump it, and one page to see what
 * such memory is. */
CHECK(huge_pages)
{
	unsigned long long kib, pages, largest;
	const char *fact;

	for (size_t i = 0; (fact = facts_nth(p->source, "huge", i)) != NULL; i++) {
		if (sscanf(fact, "%llu %llu %llu", &kib, &pages, &largest) != 3)
			continue;
		const char *holder = fact + strcspn(fact, "p");
		if (check_huge(f, check_host(p, 0), kib, largest ? largest : 1, "a dump has need",
			       holder) == CHECK_FAILED ||
		    (!p->alone && check_huge(f, check_host(p, 1), kib, pages,
					     "the container has need", holder) == CHECK_FAILED))
			return CHECK_FAILED;
	}
	return CHECK_OK;
}
