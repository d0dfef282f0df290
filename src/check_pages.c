/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmigrate/check.h"

/* The whole memory is kept in pipes: CRIU asks for them as large as that. */
static enum check_outcome check_pipes(const struct preflight *p, struct finding *f)
{
	uint64_t memory = facts_uint(p->source, "memory");
	uint64_t most = facts_uint(p->source, "pipe-max");

	if (facts_has(p->source, "may-exceed", "yes") || most >= memory)
		return CHECK_OK;
	CLEANUP_FREE char *size = check_size(memory);
	CLEANUP_FREE char *remedy =
		str_fmt("run there: sysctl fs.pipe-max-size=%llu",
			(unsigned long long)(memory < (1U << 30) ? 1U << 30 : memory));
	return check_fail(
		f, remedy,
		"root of %s has no CAP_SYS_RESOURCE, and pipes there are too small for %s",
		p->source_name, size);
}

CHECK(pages)
{
	if (strcmp(p->strategy, "post-copy") != 0)
		return CHECK_NOT_NEEDED;
	if (facts_version(p->source, "criu") < CRIU_GATE)
		return check_fail(f, NULL, "post-copy needs criu 3.19 or newer on %s",
				  p->source_name);
	if (!*facts_get(p->source, "peer-from"))
		return check_fail(f, "make the name known there, with an IPv4 address",
				  "%s does not know the address of %s", p->source_name,
				  p->destination_name);
	if (!facts_has(p->destination, "uffd", "yes"))
		return check_fail(f, NULL, "criu on %s can't use userfaultfd", p->destination_name);
	/* CRIU takes its remaps away when the gate is closed. */
	if (p->link_remap)
		return check_fail(f, NULL, "post-copy and --link-remap exclude each other");
	return check_pipes(p, f);
}
