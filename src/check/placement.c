/* SPDX-License-Identifier: MIT */
/* Checks of rules about where a container may be. */
#include <string.h>

#include "cmigrate/check/check.h"
#include "cmigrate/container/cordon.h"
#include "cmigrate/container/owner.h"

/* A cluster would undo the moves of others. */
CHECK(owner)
{
	const char *owner = facts_get(p->source, "owner"), *resource = owner_resource(owner);

	if (!owner_is_other(owner))
		return CHECK_OK;
	CLEANUP_FREE char *remedy =
		str_fmt("let the cluster move it: crm_resource --move --resource %s --node %s "
			"--lifetime PT10M",
			resource, p->destination_name);
	return check_fail(f, remedy, "resource '%s' of the cluster has it", resource);
}

CHECK(cordon)
{
	CLEANUP_CORDONS struct cordons marks = {0};

	cordons_add(&marks, p->destination);
	const struct cordon *mark = cordons_find(&marks, p->destination_name);
	if (!mark)
		return CHECK_OK;
	CLEANUP_FREE char *sentence = cordon_sentence(mark);
	CLEANUP_FREE char *remedy =
		str_fmt("'cmigrate uncordon %s' ends that; name another destination, or --force",
			mark->host);
	return check_fail(f, remedy, "%s", sentence);
}

CHECK(hosts)
{
	const struct place_rule *rule = &p->bundle->rule;

	if (!rule->hosts.n)
		return CHECK_NOT_NEEDED;
	if (place_rule_allows(rule, p->destination_name))
		return CHECK_OK;
	CLEANUP_FREE char *hosts = place_rule_hosts_text(rule);
	return check_fail(f, NULL, "'%s' may not be on %s: org.cmigrate.hosts is '%.200s'",
			  p->bundle->name, p->destination_name, hosts);
}

/* A member that is on the destination, or with `there` unset anywhere. */
static const struct container *member(const struct preflight *p, bool there)
{
	for (size_t i = 0; i < p->members->n; i++)
		if (!there || strcmp(p->members->rows[i].host, p->destination_name) == 0)
			return &p->members->rows[i];
	return NULL;
}

CHECK(group)
{
	const struct place_rule *rule = &p->bundle->rule;

	if (!rule->group || !p->members)
		return CHECK_NOT_NEEDED;
	const struct container *there = member(p, true), *any = member(p, false);
	if (rule->together ? there || !any : !there)
		return CHECK_OK;
	const struct container *other = rule->together ? any : there;
	return check_fail(f, NULL,
			  other->in_move ? "a move of '%s' to or from %s is under way, and group "
					   "'%s' is to be %s"
					 : "'%s' is on %s, and group '%s' is to be %s",
			  other->name, other->host, rule->group,
			  rule->together ? "together" : "spread");
}
