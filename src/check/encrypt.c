/* SPDX-License-Identifier: MIT */
/* Memory that others on the network can read. */
#include "cmigrate/check/check.h"

static enum check_outcome check_straight(const struct preflight *p, struct finding *f)
{
	if (p->encrypt != ENCRYPT_OFF || (!p->direct && !strategy_is_post_copy(p->strategy)))
		return CHECK_OK;
	return check_warn(f, "leave out --encrypt off, org.cmigrate.encrypt, move.encrypt",
			  "memory crosses the network in the clear from %s to %s", p->source_name,
			  p->destination_name);
}

/* All memory, some of it, or only what CRIU writes beside it: registers, sockets' buffers, tmpfs.
 */
static enum check_outcome check_directory(const struct preflight *p, const struct check_host *host,
					  struct finding *f)
{
	const bool all = !p->direct && p->strategy != STRATEGY_POST_COPY;
	const char *type = facts_get(host->facts, "in-clear");

	if (!*type)
		return CHECK_OK;
	if (all)
		return check_fail(f, p->alone ? "mount it with sec=krb5p or xprtsec=tls" : NULL,
				  "memory would go through '%s', which %s has by %.20s "
				  "without encryption",
				  p->bundle->dir, host->name, type);
	return check_warn(
		f, "mount it with sec=krb5p or xprtsec=tls",
		"registers, buffers of sockets and contents of tmpfs go through '%s', which "
		"%s has by %.20s without encryption",
		p->bundle->dir, host->name, type);
}

CHECK(encrypt)
{
	enum check_outcome outcome = check_straight(p, f);

	if (p->encrypt != ENCRYPT_REQUIRED)
		return outcome;
	for (size_t i = 0; i < CHECK_HOSTS && outcome == CHECK_OK; i++) {
		const struct check_host host = check_host(p, i);
		outcome = check_directory(p, &host, f);
	}
	return outcome;
}
