/* SPDX-License-Identifier: MIT */
#include "drain_rules.h"

#include <string.h>

static const struct container *container_of(const struct drain *d, const char *name)
{
	const struct containers *all = &d->fleet.containers;

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->rows[i].name, name) == 0 && strcmp(all->rows[i].host, d->host) == 0)
			return &all->rows[i];
	return NULL;
}

const struct place_rule *drain_rule_of(const struct drain *d, size_t row)
{
	static const struct place_rule none;
	const struct container *c = container_of(d, d->batch.rows[row].name);

	return c ? &c->rule : &none;
}

/* Where a container of the drained host is by now, or will be: NULL if it has not left. */
static const char *gone_to(const struct drain *d, const char *name)
{
	for (size_t i = 0; i < d->batch.n; i++) {
		const struct batch_move *m = &d->batch.rows[i];
		if (strcmp(m->name, name) != 0)
			continue;
		return m->running || m->outcome == BATCH_MOVED || m->outcome == BATCH_SILENT ? m->to
											     : NULL;
	}
	return NULL;
}

/* Fills d->members with the others that are not on the drained host. */
static size_t find_members(struct drain *d, const struct place_rule *rule, const char *name)
{
	const struct containers *all = &d->fleet.containers;
	size_t n = 0;

	for (size_t i = 0; rule->group && i < all->n; i++) {
		const struct container *c = &all->rows[i];
		const char *host = c->host;
		if (!container_lives(c) || strcmp(c->name, name) == 0 ||
		    !place_rule_same(rule, &c->rule))
			continue;
		if (strcmp(host, d->host) == 0)
			host = gone_to(d, c->name);
		if (host)
			d->members[n++] = (struct placement_member){&c->rule, host};
	}
	return n;
}

/* The memory of all members that are still on the drained host and are to leave it. */
static uint64_t group_memory(const struct drain *d, const struct place_rule *rule)
{
	uint64_t memory = 0;

	for (size_t i = 0; i < d->batch.n; i++)
		if (place_rule_same(rule, drain_rule_of(d, i)))
			memory += d->batch.rows[i].memory;
	return memory;
}

uint64_t drain_rules_apply(struct drain *d, size_t row)
{
	const struct place_rule *rule = drain_rule_of(d, row);
	const struct batch_move *m = &d->batch.rows[row];
	size_t n = d->opts->force ? 0 : find_members(d, rule, m->name);

	for (size_t h = 0; h < d->n_hosts; h++)
		d->hosts[h].barred = d->opts->force
					     ? RULE_NONE
					     : placement_bar(rule, d->hosts[h].name, d->members, n);
	if (d->opts->force || !rule->group || !rule->together || n)
		return m->memory;
	return group_memory(d, rule);
}

int drain_rules_refuse(const struct drain *d, size_t row, enum placement_rule barred,
		       struct err *err)
{
	const struct place_rule *rule = drain_rule_of(d, row);

	if (!d->n_hosts)
		return err_set(err, EXIT_REFUSED, "no other host answers or may take containers");
	if (barred == RULE_HOSTS)
		return err_set(err, EXIT_REFUSED,
			       "no host that org.cmigrate.hosts allows has room for it");
	if (barred == RULE_SPREAD)
		return err_set(err, EXIT_REFUSED,
			       "every other host with room has one of group '%s' (spread)",
			       rule->group);
	if (barred == RULE_TOGETHER)
		return err_set(err, EXIT_REFUSED,
			       "no host that has the others of group '%s' has room for it",
			       rule->group);
	return err_set(err, EXIT_REFUSED, "no host has room for it");
}
