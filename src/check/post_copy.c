/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmigrate/check/check.h"

/*
 * Memory that is served is kept in pipes, which CRIU makes larger as it goes. With the kernel's
 * default of 1 MiB its page server dies ("tee: 65536"), with 4 MiB 1 GiB was served (measured,
 * criu 4.2).
 */
#define PIPE_MIN (4U << 20)

static bool is_address(const char *text)
{
	struct address unused;
	struct err bad = ERR_INIT;

	return address_parse(text, &unused, &bad) == 0;
}

bool check_peers(const struct facts *server, const struct facts *client, const struct bundle *b)
{
	const char *at = facts_get(server, "peer-from"), *from = facts_get(client, "peer-from");

	return is_address(at) && is_address(from) && strcmp(facts_get(client, "peer"), at) == 0 &&
	       strcmp(facts_get(server, "peer"), from) == 0 && !bundle_has_address(b, at) &&
	       !bundle_has_address(b, from);
}

static enum check_outcome check_pipes(const struct preflight *p, struct finding *f)
{
	if (facts_has(p->source, "may-exceed", "yes") ||
	    facts_uint(p->source, "pipe-max") >= PIPE_MIN)
		return CHECK_OK;
	return check_fail(f, "run there: sysctl fs.pipe-max-size=1073741824",
			  "pipes on %s are too small to serve memory, and root there has no "
			  "CAP_SYS_RESOURCE",
			  p->source_name);
}

CHECK(pages)
{
	if (!strategy_is_post_copy(p->strategy))
		return CHECK_NOT_NEEDED;
	if (facts_version(p->source, "criu") < CRIU_GATE)
		return check_fail(f, NULL, "post-copy needs criu 3.19 or newer on %s",
				  p->source_name);
	if (p->encrypt == ENCRYPT_OFF && !*facts_get(p->source, "peer-from"))
		return check_fail(f,
				  "make the name known there, or give both hosts a "
				  "migration_address in the configuration",
				  "%s does not know the address of %s", p->source_name,
				  p->destination_name);
	if (p->encrypt == ENCRYPT_OFF && !check_peers(p->source, p->destination, p->bundle))
		return check_fail(f,
				  "let each host resolve the other's name to the address that it "
				  "is reached by, none that moves, or give both hosts a "
				  "migration_address in the configuration",
				  "%s and %s don't know each other's address", p->source_name,
				  p->destination_name);
	if (!facts_has(p->destination, "uffd", "yes"))
		return check_fail(f, NULL, "criu on %s can't use userfaultfd", p->destination_name);
	/* CRIU removes its remapped files when the gate is closed. */
	if (p->link_remap)
		return check_fail(f, NULL, "post-copy and --link-remap exclude each other");
	return check_pipes(p, f);
}
