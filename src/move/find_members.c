/* SPDX-License-Identifier: MIT */
/* The other members of a container's group, asked of all hosts: only a container with a group needs
 * that. */
#include <string.h>

#include "cmigrate/container/container.h"
#include "part.h"

static bool is_skipped(const struct move_opts *opts)
{
	CLEANUP_ARGV struct argv skip = {0};
	struct err checked = ERR_INIT;

	return opts->force || (preflight_skip(&opts->skip_checks, &skip, &checked) == 0 &&
			       argv_has(&skip, "group"));
}

static bool is_member(const struct move *m, const struct container *c)
{
	return place_rule_same(&c->rule, &m->bundle.rule) && container_lives(c) &&
	       strcmp(c->name, m->bundle.name) != 0;
}

/* Keeps the members in the list alone. */
static void take(struct move *m, struct containers *all)
{
	m->members.rows =
		mem_grow(m->members.rows, m->members.n + all->n, sizeof(*m->members.rows));
	for (size_t i = 0; i < all->n; i++) {
		if (!is_member(m, &all->rows[i]))
			continue;
		m->members.rows[m->members.n++] = all->rows[i];
		memset(&all->rows[i], 0, sizeof(all->rows[i]));
	}
}

static void read_reply(struct move *m, const struct reply *reply)
{
	CLEANUP_CONTAINERS struct containers all = {0};
	struct err unread = ERR_INIT;
	struct facts facts;

	if (!reply->ok)
		return;
	facts_parse(&facts, buf_str(&reply->job.out));
	if (containers_add(&all, reply->host->name, &facts, &unread) == 0)
		take(m, &all);
	facts_clear(&facts);
}

/* A host that does not answer is passed over: the rule is no reason to keep a container there. */
int move_find_members(struct move *m, const struct config *config, const struct move_opts *opts,
		      struct err *err)
{
	CLEANUP_REPLIES struct replies replies = {0};
	CLEANUP_ARGV struct argv names = {0};
	char *argv[] = {"list", "op=load", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = ASK_TIMEOUT_MS, .limit = LIST_LIMIT};

	if (!m->bundle.rule.group || is_skipped(opts))
		return 0;
	ask_all_names(config, false, &names);
	if (!config->n_hosts) {
		argv_clear(&names);
		argv_addl(&names, m->side[SOURCE].name, m->side[DESTINATION].name, NULL);
	}
	if (ask_all(config, &names, &cmd, m->events, &replies, err) < 0)
		return -1;
	for (size_t i = 0; i < replies.n; i++)
		read_reply(m, &replies.rows[i]);
	return 0;
}
