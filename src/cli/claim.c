/* SPDX-License-Identifier: MIT */
#include "claim.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/json.h"
#include "cmigrate/base/name.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/find_host.h"
#include "cmigrate/container/journal.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/remote_path.h"
#include "cmigrate/host/script.h"
#include "cmigrate/network/service_address.h"

#define QUICK_MS 10000
/* Beside the wait for SIGTERM: runc delete --force alone may take 10 s. */
#define END_MS 30000

static int init_at(struct target *t, const struct app *app, const char *name, struct host *host,
		   struct err *err)
{
	t->host = host;
	if (bundle_init(&t->bundle, app_bundle_root(app), name, err) < 0)
		return -1;
	store_init(&t->store, t->host, t->bundle.dir);
	return 0;
}

int target_init(struct target *t, const struct app *app, const char *name, const char *host,
		struct err *err)
{
	struct host *at = config_host(app->config, host, app->events, err);

	return at ? init_at(t, app, name, at, err) : -1;
}

/* The host that has it, connected. */
static struct host *find_host(const struct app *app, const char *name, struct err *err)
{
	CLEANUP_ANSWERS struct answers asked = {0};
	CLEANUP_FREE char *host = NULL;

	if (locate(app->config, name, NULL, NULL, app->events, &asked, &host, err) < 0)
		return NULL;
	return answers_take(&asked, host);
}

int target_find(struct target *t, const struct app *app, const char *name, const char *on,
		struct container *ret, struct err *err)
{
	struct host *host;

	if (name_check(name, err) < 0)
		return -1;
	host = on ? config_host(app->config, on, app->events, err) : find_host(app, name, err);
	if (!host || init_at(t, app, name, host, err) < 0 || target_claim(t, err) < 0)
		return -1;
	return target_container(t, ret, err);
}

void target_clear(struct target *t)
{
	store_unlock(&t->lock);
	store_clear(&t->store);
	bundle_clear(&t->bundle);
	host_free(t->host);
	t->host = NULL;
}

int target_has_checkpoint(struct target *t, bool *ret, struct err *err)
{
	CLEANUP_FREE char *path = str_fmt("%s/" BUNDLE_CHECKPOINT, t->bundle.dir);

	return path_exists(t->host, path, ret, err);
}

static int refuse_journal(struct target *t, struct err *err)
{
	const char *name = t->bundle.name;
	struct journal_state state;

	if (journal_load(&t->store, &state, err) < 0)
		return err_append(
			err, "an interrupted move has left it: 'cmigrate recover %s' says more",
			name);
	bool found = state.found;
	journal_state_clear(&state);
	if (!found)
		return 0;
	(void)err_set(err, EXIT_BUSY,
		      "a move of '%s' was interrupted; settle it first: cmigrate recover %s", name,
		      name);
	return err_because(err, CAUSE_PENDING);
}

int target_claim(struct target *t, struct err *err)
{
	bool there = false;

	if (path_is_directory(t->host, t->bundle.dir, &there, err) < 0)
		return -1;
	if (!there)
		return 0;
	if (store_lock(&t->store, &t->lock, err) < 0)
		return -1;
	return refuse_journal(t, err);
}

int target_read_config(struct target *t, struct err *err)
{
	CLEANUP_FREE char *path = str_fmt("%s/config.json", t->bundle.dir);
	CLEANUP_FREE char *text = NULL;
	char *argv[] = {"head", "-c", "1048577", path, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = QUICK_MS, .limit = DOCUMENT_MAX + 1};
	CLEANUP_JOB struct job job = {0};

	if (host_start(t->host, &cmd, &job, err) < 0)
		return -1;
	job_wait(&job);
	if (job.status == 1 && !job.lost && !job.timed_out) {
		(void)err_set(err, EXIT_USAGE, "%s: can't read '%s'", t->host->name, path);
		return err_append(err, "'cmigrate generate %s' writes one", t->bundle.name);
	}
	if (job_failure(&job, err) < 0)
		return -1;
	size_t len = job.out.len;
	text = buf_steal(&job.out);
	return bundle_parse(&t->bundle, text, len, err);
}

int target_set_addresses(struct target *t, const struct argv *addresses, struct err *err)
{
	if (addresses->n)
		t->bundle.n_addresses = 0;
	for (size_t i = 0; i < addresses->n; i++)
		if (bundle_add_addresses(&t->bundle, addresses->v[i], err) < 0)
			return err_wrap(err, "--address");
	return 0;
}

int target_container(struct target *t, struct container *ret, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *out = NULL;
	struct facts facts;

	script_argv(&a, &script_state, t->bundle.name, NULL);
	struct command cmd = {.argv = a.v, .timeout_ms = QUICK_MS};
	if (host_output(t->host, &cmd, &out, err) < 0)
		return -1;
	facts_parse(&facts, out);
	CLEANUP_JSON json_t *state = facts_json(&facts, "state");
	bool said = *facts_get(&facts, "state") != '\0';
	facts_clear(&facts);
	if (!said)
		return err_set(err, EXIT_REFUSED, "no container '%s' on %s", t->bundle.name,
			       t->host->name);
	if (!json_is_object(state))
		return err_set(err, EXIT_FAILED, "%s: 'runc state' printed no object",
			       t->host->name);
	return container_read(ret, t->host->name, state, err);
}

static char *known_how(const char *text)
{
	static const char *const known[] = {"gone", "stopped", "term", "kill"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(text, known[i]) == 0)
			return str_dup(text);
	return str_dup("unknown");
}

int target_end(struct target *t, unsigned seconds, char **ret_how, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *out = NULL, *limit = str_fmt("%u", seconds);

	script_argv(&a, &script_end, t->bundle.name, limit, NULL);
	struct command cmd = {.argv = a.v, .timeout_ms = (int)seconds * 1000 + END_MS};
	if (host_output(t->host, &cmd, &out, err) < 0) {
		/* What was begun there goes on. */
		if (t->host->lost)
			err->code = EXIT_IN_DOUBT;
		return -1;
	}
	CLEANUP_FREE char *last = str_last_line(out);
	if (ret_how)
		*ret_how = known_how(last);
	return 0;
}

/* config.json may be gone or changed since: runc's own record of the annotations wins. */
static void find_addresses(struct target *t, const struct container *c)
{
	struct err ignored = ERR_INIT;

	if (target_read_config(t, &ignored) < 0) {
		event_note(t->host->events, "%s", ignored.msg);
		t->bundle.n_addresses = 0;
	}
	if (!*c->addresses)
		return;
	t->bundle.n_addresses = 0;
	if (bundle_add_addresses(&t->bundle, c->addresses, &ignored) < 0)
		event_note(t->host->events, "address of '%s': %s", c->name, ignored.msg);
}

int target_remove(struct target *t, const struct container *c, const struct argv *addresses,
		  unsigned seconds, char **ret_how, struct err *err)
{
	find_addresses(t, c);
	if (target_set_addresses(t, addresses, err) < 0 || target_end(t, seconds, ret_how, err) < 0)
		return -1;
	if (place_down(t->host, &t->bundle, err) == 0)
		return 0;
	err->code = EXIT_IN_DOUBT;
	return err_wrap(err, "'%s' was ended, but its address may still be on %s", c->name,
			t->host->name);
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

void target_summary(const struct app *app, const struct target *t, const char *outcome,
		    json_t *more, const struct err *err)
{
	bool failed = err->code != EXIT_DONE;

	if (ui_is_json(app->ui)) {
		json_t *line =
			json_pack("{s:s, s:s?, s:s?, s:s, s:i}", "event", "summary", "container",
				  t->bundle.name, "host", t->host ? t->host->name : NULL, "outcome",
				  failed ? failure(err) : outcome, "exit_code", (int)err->code);
		(void)json_object_update(line, more);
		(void)json_object_set_new(line, "error",
					  failed ? json_string(err->msg) : json_null());
		ui_json(app->ui, line);
	}
	json_decref(more);
}
