/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/find_host.h"

#include <string.h>

#include "cmigrate/container/bundle.h"
#include "cmigrate/container/container.h"
#include "cmigrate/container/journal.h"
#include "cmigrate/host/ask_all.h"

/* Hosts that have the container, as indexes of the replies; -1: none. */
struct found {
	int live, second_live, stopped;
};

static int look(const struct reply *answer, struct container *ret, bool *ret_found, struct err *err)
{
	struct facts facts;

	facts_parse(&facts, buf_str(&answer->job.out));
	CLEANUP_JSON json_t *state = facts_json(&facts, "state");
	bool said = *facts_get(&facts, "state") != '\0';
	facts_clear(&facts);
	*ret_found = state != NULL;
	if (said && !json_is_object(state))
		return err_set(err, EXIT_FAILED, "%s: what runc has of a container is no object",
			       answer->host->name);
	return state ? container_read(ret, answer->host->name, state, err) : 0;
}

/* Only a reply that makes sense counts. */
static void take(struct replies *replies, struct found *found)
{
	CLEANUP_CONTAINER struct container live = {0};

	*found = (struct found){.live = -1, .second_live = -1, .stopped = -1};
	for (size_t i = 0; i < replies->n; i++) {
		CLEANUP_CONTAINER struct container c = {0};
		struct reply *a = &replies->rows[i];
		bool here = false;
		if (a->ok && look(a, &c, &here, &a->err) < 0)
			a->ok = false;
		if (!a->ok || !here)
			continue;
		if (!container_lives(&c)) {
			found->stopped = (int)i;
		} else if (found->live < 0) {
			found->live = (int)i;
			live = c;
			memset(&c, 0, sizeof(c));
		} else if (!container_is_same(&live, &c)) {
			found->second_live = (int)i;
		}
	}
}

static int none_has_it(const struct config *config, const char *name, const struct replies *replies,
		       struct err *err)
{
	CLEANUP_FREE char *asked = replies_names(replies);
	CLEANUP_FREE char *only = replies_only_host(replies, config);
	CLEANUP_FREE char *silent = replies_failures(replies);

	if (only)
		return err_set(err, EXIT_REFUSED, "no container '%s': not on %s", name, only);
	if (*asked)
		(void)err_set(err, EXIT_REFUSED, "no container '%s' on %s", name, asked);
	else
		(void)err_set(err, EXIT_REFUSED, "container '%s' was not found", name);
	if (*silent)
		(void)err_append(err, "%s", silent);
	return -1;
}

static int ask_state(const struct config *config, const char *name, const struct argv *hosts,
		     const char *serves, const struct events *events, struct replies *ret,
		     struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", name);
	char *argv[] = {"state", container, NULL};

	if (replies_open(config, hosts, serves, events, ret, err) < 0)
		return -1;
	replies_ask(ret, &(struct command){.argv = argv, .timeout_ms = ASK_TIMEOUT_MS});
	return 0;
}

/* In the middle of a move both hosts have it, one of them frozen. */
static bool in_move(const struct config *config, const char *name, struct host *host)
{
	struct bundle bundle;
	struct state_dir state_dir;
	struct journal_state state = {0};
	struct err unused = ERR_INIT;

	if (bundle_init(&bundle, config->bundle_root, name, &unused) < 0)
		return false;
	state_dir_init(&state_dir, host, bundle.dir);
	bool found = journal_load(&state_dir, &state, &unused) < 0 || state.found;
	journal_state_clear(&state);
	state_dir_clear(&state_dir);
	bundle_clear(&bundle);
	return found;
}

static int two_have_it(const struct config *config, const char *name, const struct replies *replies,
		       const struct found *found, struct err *err)
{
	struct host *first = replies->rows[found->live].host;

	if (in_move(config, name, first))
		return err_set(err, EXIT_BUSY,
			       "container '%s': its move is running or was interrupted: "
			       "'cmigrate recover %s' settles it",
			       name, name);
	return err_set(err, EXIT_REFUSED,
		       "container '%s' is on %s and on %s; name one of them: --from HOST or --on "
		       "HOST",
		       name, first->name, replies->rows[found->second_live].host->name);
}

static int check_replies(const struct replies *replies, const char *needed, struct err *err)
{
	for (size_t i = 0; needed && i < replies->n; i++) {
		const struct reply *a = &replies->rows[i];
		if (a->ok || strcmp(a->host->name, needed) != 0)
			continue;
		*err = a->err;
		err->code = EXIT_REFUSED;
		return -1;
	}
	return 0;
}

static int find(const struct config *config, const char *name, const char *needed,
		struct replies *replies, char **ret_host, struct err *err)
{
	struct found found;

	take(replies, &found);
	if (found.second_live >= 0)
		return two_have_it(config, name, replies, &found, err);
	int at = found.live >= 0 ? found.live : found.stopped;
	if (at < 0)
		return none_has_it(config, name, replies, err);
	if (check_replies(replies, needed, err) < 0)
		return -1;
	*ret_host = str_dup(replies->rows[at].host->name);
	return 0;
}

int find_host_of(const struct config *config, const char *name, const char *needed,
		 const char *serves, const struct events *events, struct replies *ret_asked,
		 char **ret_host, struct err *err)
{
	CLEANUP_ARGV struct argv hosts = {0};

	ask_all_names(config, true, &hosts);
	if (ask_state(config, name, &hosts, serves, events, ret_asked, err) < 0)
		return -1;
	return find(config, name, needed, ret_asked, ret_host, err);
}

/* Hosts that are off are not asked, because each would cost its deadline. */
static void names_without(const struct config *config, const struct argv *off, struct argv *ret)
{
	CLEANUP_ARGV struct argv all = {0};

	ask_all_names(config, true, &all);
	for (size_t i = 0; i < all.n; i++)
		if (!argv_has(off, all.v[i]))
			argv_add(ret, all.v[i]);
}

int find_host_none(const struct config *config, const char *name, const struct argv *off,
		   const struct events *events, struct err *err)
{
	CLEANUP_REPLIES struct replies replies = {0};
	CLEANUP_ARGV struct argv hosts = {0};
	struct found found;

	names_without(config, off, &hosts);
	if (ask_state(config, name, &hosts, NULL, events, &replies, err) < 0)
		return -1;
	take(&replies, &found);
	int at = found.live >= 0 ? found.live : found.stopped;
	if (at >= 0)
		return err_set(err, EXIT_REFUSED, "container '%s' is on %s%s", name,
			       replies.rows[at].host->name,
			       found.live >= 0 ? "" : ", stopped; delete it there first");
	CLEANUP_FREE char *silent = replies_failures(&replies);
	if (*silent)
		return err_set(err, EXIT_REFUSED,
			       "'%s' may run on a host that can't be asked: %s; if that "
			       "host is switched off, name it with --fenced HOST",
			       name, silent);
	return 0;
}
