/* SPDX-License-Identifier: MIT */
#include "claim.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/json.h"
#include "cmigrate/base/name.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/find_host.h"
#include "cmigrate/container/generations.h"
#include "cmigrate/container/journal.h"
#include "cmigrate/container/owner.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/remote_path.h"
#include "cmigrate/network/service_address.h"
#include "cmigrate/protocol/status.h"

#define QUICK_MS 10000
/* Added to the wait for SIGTERM: runc delete --force alone may take 10 s. */
#define END_MS 30000

static int init_at(struct claim *claim, const struct app *app, const char *name, struct host *host,
		   struct err *err)
{
	claim->host = host;
	if (bundle_init(&claim->bundle, app_bundle_root(app), name, err) < 0)
		return -1;
	state_dir_init(&claim->state_dir, claim->host, claim->bundle.dir);
	return 0;
}

int claim_init(struct claim *claim, const struct app *app, const char *name, const char *host,
	       struct err *err)
{
	struct host *at = config_host(app->config, host, app->events, err);

	return at ? init_at(claim, app, name, at, err) : -1;
}

/* Finds the host that has the container and returns it connected. */
static struct host *find_host(const struct app *app, const char *name, struct err *err)
{
	CLEANUP_REPLIES struct replies asked = {0};
	CLEANUP_FREE char *host = NULL;

	if (find_host_of(app->config, name, NULL, NULL, app->events, &asked, &host, err) < 0)
		return NULL;
	return replies_take(&asked, host);
}

int claim_find(struct claim *claim, const struct app *app, const char *name,
	       const struct claim_opts *opts, struct container *ret, struct err *err)
{
	struct host *host;

	if (bundle_check_options(&opts->addresses, &(struct argv){0}, err) < 0 ||
	    name_check(name, err) < 0)
		return -1;
	host = opts->on ? config_host(app->config, opts->on, app->events, err)
			: find_host(app, name, err);
	if (!host || init_at(claim, app, name, host, err) < 0 || claim_take(claim, err) < 0)
		return -1;
	return claim_container(claim, ret, err);
}

void claim_clear(struct claim *claim)
{
	state_dir_unlock(&claim->lock);
	state_dir_clear(&claim->state_dir);
	bundle_clear(&claim->bundle);
	host_free(claim->host);
	claim->host = NULL;
}

int claim_has_checkpoint(struct claim *claim, bool *ret, struct err *err)
{
	CLEANUP_GENERATIONS struct generations list = {0};

	if (path_exists(claim->host, claim->bundle.name, PATH_CHECKPOINT, ret, err) < 0)
		return -1;
	if (*ret || generations_read(claim->host, claim->bundle.name, &list, err) < 0)
		return *ret ? 0 : -1;
	*ret = list.n > 0;
	return 0;
}

static int refuse_journal(struct claim *claim, struct err *err)
{
	const char *name = claim->bundle.name;
	struct journal_state state;

	if (journal_load(&claim->state_dir, &state, err) < 0)
		return err_append(
			err, "an interrupted move left it; 'cmigrate recover %s' tells more", name);
	bool found = state.found;
	journal_state_clear(&state);
	if (!found)
		return 0;
	(void)err_set(err, EXIT_BUSY,
		      "a move of '%s' was interrupted; settle it first: cmigrate recover %s", name,
		      name);
	return err_because(err, CAUSE_PENDING);
}

int claim_take(struct claim *claim, struct err *err)
{
	bool there = false;

	if (path_is_directory(claim->host, claim->bundle.name, &there, err) < 0)
		return -1;
	if (!there)
		return 0;
	if (state_dir_lock(&claim->state_dir, &claim->lock, err) < 0)
		return -1;
	return refuse_journal(claim, err);
}

int claim_read_config(struct claim *claim, struct err *err)
{
	CLEANUP_FREE char *name = str_fmt("container=%s", claim->bundle.name);
	CLEANUP_FREE char *text = NULL;
	char *argv[] = {"config", name, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = QUICK_MS, .limit = JSON_TEXT_MAX + 1};
	CLEANUP_JOB struct job job = {0};

	if (host_start(claim->host, &cmd, &job, err) < 0)
		return -1;
	job_wait(&job);
	if (job.status == STATUS_ABSENT && !job.lost && !job.timed_out) {
		(void)err_set(err, EXIT_USAGE, "%s: can't read '%s/config.json'", claim->host->name,
			      claim->bundle.dir);
		return err_append(err, "'cmigrate generate %s' writes one", claim->bundle.name);
	}
	if (job_failure(&job, err) < 0)
		return -1;
	size_t len = job.out.len;
	text = buf_steal(&job.out);
	return bundle_parse(&claim->bundle, text, len, err);
}

int claim_set_addresses(struct claim *claim, const struct argv *addresses, struct err *err)
{
	if (addresses->n)
		claim->bundle.n_addresses = 0;
	for (size_t i = 0; i < addresses->n; i++)
		if (bundle_add_addresses(&claim->bundle, addresses->v[i], err) < 0)
			return err_wrap(err, "--address");
	return 0;
}

int claim_container(struct claim *claim, struct container *ret, struct err *err)
{
	CLEANUP_FREE char *name = str_fmt("container=%s", claim->bundle.name);
	CLEANUP_FREE char *out = NULL;
	char *argv[] = {"state", name, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = QUICK_MS};
	struct facts facts;

	if (host_output(claim->host, &cmd, &out, err) < 0)
		return -1;
	facts_parse(&facts, out);
	CLEANUP_JSON json_t *state = facts_json(&facts, "state");
	bool said = *facts_get(&facts, "state") != '\0';
	facts_clear(&facts);
	if (!said)
		return err_set(err, EXIT_REFUSED, "no container '%s' on %s", claim->bundle.name,
			       claim->host->name);
	if (!json_is_object(state))
		return err_set(err, EXIT_FAILED, "%s: what runc has of a container is no object",
			       claim->host->name);
	return container_read(ret, claim->host->name, state, err);
}

static char *known_how(const char *text)
{
	static const char *const known[] = {"gone", "stopped", "term", "kill"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(text, known[i]) == 0)
			return str_dup(text);
	return str_dup("unknown");
}

int claim_end(struct claim *claim, unsigned seconds, char **ret_how, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *out = NULL;

	argv_add(&a, "end");
	argv_addf(&a, "container=%s", claim->bundle.name);
	argv_addf(&a, "seconds=%u", seconds);
	struct command cmd = {.argv = a.v, .timeout_ms = (int)seconds * 1000 + END_MS};
	if (host_output(claim->host, &cmd, &out, err) < 0) {
		/* What its programs had begun there may be done or not. */
		if (claim->host->lost)
			err->code = EXIT_IN_DOUBT;
		return -1;
	}
	CLEANUP_FREE char *last = str_last_line(out);
	if (ret_how)
		*ret_how = known_how(last);
	return 0;
}

/* config.json may be gone, or changed since the start: runc's record of the annotations wins. */
static void find_addresses(struct claim *claim, const struct container *c)
{
	struct err ignored = ERR_INIT;

	if (claim_read_config(claim, &ignored) < 0) {
		event_note(claim->host->events, "%s", ignored.msg);
		claim->bundle.n_addresses = 0;
	}
	if (!*c->addresses)
		return;
	claim->bundle.n_addresses = 0;
	if (bundle_add_addresses(&claim->bundle, c->addresses, &ignored) < 0)
		event_note(claim->host->events, "address of '%s': %s", c->name, ignored.msg);
}

int claim_remove(struct claim *claim, const struct container *c, const struct argv *addresses,
		 unsigned seconds, char **ret_how, struct err *err)
{
	struct err unheard = ERR_INIT;

	if (container_lives(c) && owner_check(&claim->state_dir, c->name, err) < 0)
		return -1;
	find_addresses(claim, c);
	if (claim_set_addresses(claim, addresses, err) < 0 ||
	    claim_end(claim, seconds, ret_how, err) < 0)
		return -1;
	(void)owner_forget(&claim->state_dir, &unheard);
	if (service_address_remove(claim->host, &claim->bundle, err) == 0)
		return 0;
	err->code = EXIT_IN_DOUBT;
	return err_wrap(err, "'%s' was ended, but its address may still be on %s", c->name,
			claim->host->name);
}

static const char *failure(const struct err *err)
{
	switch (err->code) {
	case EXIT_REFUSED:
	case EXIT_BUSY:
		return "refused";
	case EXIT_IN_DOUBT:
		return "in-doubt";
	default:
		return "failed";
	}
}

void claim_summary(const struct app *app, const struct claim *claim, const char *outcome,
		   json_t *more, const struct err *err)
{
	bool failed = err->code != EXIT_DONE;

	if (ui_is_json(app->ui)) {
		json_t *line = json_pack(
			"{s:s, s:s?, s:s?, s:s, s:i}", "event", "summary", "container",
			claim->bundle.name, "host", claim->host ? claim->host->name : NULL,
			"outcome", failed ? failure(err) : outcome, "exit_code", (int)err->code);
		(void)json_object_update(line, more);
		(void)json_object_set_new(line, "error",
					  failed ? json_string(err->msg) : json_null());
		ui_json(app->ui, line);
	}
	json_decref(more);
}
