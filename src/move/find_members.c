/* SPDX-License-Identifier: MIT */
/*
 * The other members of a container's group: those that run somewhere, and those that a move or a
 * restore is about to bring somewhere. Only a container with a group needs that.
 *
 * Two members that are moved at once must know of each other. So a move has the group's lock from
 * its look at the others until its own journal says where the container goes. It reads the journals
 * first: a move that ends meanwhile has its copy on the destination before its journal goes.
 */
#include <string.h>

#include "cmigrate/container/bundle_root.h"
#include "cmigrate/container/container.h"
#include "part.h"

/* Others need a second each, from their checks to their journal; on a slow host several. */
#define LOCK_MS 60000

static bool is_skipped(const struct move *m, const struct move_opts *opts)
{
	CLEANUP_ARGV struct argv skip = {0};
	struct err checked = ERR_INIT;

	/* A plan moves those that are together one by one. */
	return opts->force || (opts->planned && m->bundle.rule.together) ||
	       (preflight_skip(&opts->skip_checks, &skip, &checked) == 0 &&
		argv_has(&skip, "group"));
}

static int lock_group(struct move *m, const struct config *config, struct err *err)
{
	CLEANUP_FREE char *batch = str_fmt("group-%s", m->bundle.rule.group);
	struct state_dir group = {0};

	state_dir_init_batch(&group, m->state_dir.host, config->bundle_root, batch);
	int status = state_dir_lock_wait(&group, LOCK_MS, &m->group_lock, err);
	state_dir_clear(&group);
	if (status == 0)
		return 0;
	return err->code == EXIT_BUSY ? err_wrap(err, "group '%s'", m->bundle.rule.group)
				      : move_refusal(err);
}

/* ---- those on their way ---- */

/* Where a journal brings its container, if that is of this group; else NULL. */
static const char *brought_to(const struct move *m, const json_t *journal)
{
	const char *group = json_string_value(json_object_get(journal, "group"));
	const char *to = json_string_value(json_object_get(journal, "destination"));
	json_int_t kind = json_integer_value(json_object_get(journal, "kind"));
	struct err bad = ERR_INIT;

	if (!group || strcmp(group, m->bundle.rule.group) != 0 || !to ||
	    (kind != MOVE_WHOLE && kind != MOVE_RESTORE) || name_check_host(to, &bad) < 0)
		return NULL;
	return to;
}

/* A journal that can't be read is passed over, like a host that does not answer. */
static void take_journal(struct move *m, const struct config *config, const char *name)
{
	CLEANUP_FREE char *dir = str_fmt("%s/%s", config->bundle_root, name);
	struct journal_state journal = {0};
	struct state_dir at = {0};
	struct err unread = ERR_INIT;

	state_dir_init(&at, m->state_dir.host, dir);
	const char *to = journal_load(&at, &journal, &unread) == 0 && journal.move
				 ? brought_to(m, journal.move)
				 : NULL;
	if (to) {
		struct containers *all = &m->members;
		all->rows = mem_grow(all->rows, all->n + 1, sizeof(*all->rows));
		all->rows[all->n++] = (struct container){
			.name = str_dup(name), .host = str_dup(to), .in_move = true};
	}
	journal_state_clear(&journal);
	state_dir_clear(&at);
}

static int find_on_their_way(struct move *m, const struct config *config, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};

	if (bundle_root_with(m->state_dir.host, JOURNAL_FILE, &names, err) < 0)
		return move_refusal(err);
	for (size_t i = 0; i < names.n; i++)
		if (strcmp(names.v[i], m->bundle.name) != 0)
			take_journal(m, config, names.v[i]);
	return 0;
}

/* ---- those that run ---- */

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
static int find_running(struct move *m, const struct config *config, struct err *err)
{
	CLEANUP_REPLIES struct replies replies = {0};
	CLEANUP_ARGV struct argv names = {0};
	char *argv[] = {"list", "op=load", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = ASK_TIMEOUT_MS, .limit = LIST_LIMIT};

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

int move_find_members(struct move *m, const struct config *config, const struct move_opts *opts,
		      bool look_only, struct err *err)
{
	if (!m->bundle.rule.group || is_skipped(m, opts))
		return 0;
	if (!look_only && lock_group(m, config, err) < 0)
		return -1;
	return find_on_their_way(m, config, err) < 0 ? -1 : find_running(m, config, err);
}
