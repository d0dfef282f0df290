/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/claim.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/base/name.h"
#include "cmigrate/check/preflight.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/find_host.h"
#include "cmigrate/container/owner.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/move.h"
#include "cmigrate/move/signals.h"
#include "cmigrate/network/endpoint_probe.h"
#include "cmigrate/network/service_address.h"

#define ANSWER_SECONDS 30
/* A container may have hooks and many mounts, but it does not get longer than this. */
#define START_MS 60000
/* How often a container with a silent endpoint is looked at: one that has ended never answers. */
#define LOOK_MS 500

struct run_opts {
	char *on;
	struct argv addresses;
	struct argv endpoints;
	struct argv fenced;
	unsigned timeout;
};

#define ROW(member, name, kind, arg, help) OPT(struct run_opts, member, name, 0, kind, arg, help)

static const struct opt run_table[] = {
	ROW(on, "on", OPT_STRING, "HOST", "host to start it on (this machine)"),
	ROW(addresses, "address", OPT_STRINGS, "CIDR[@DEVICE]",
	    "service address instead of the configured; repeatable"),
	ROW(endpoints, "endpoint", OPT_STRINGS, "URL",
	    "URL to ask instead of the configured; repeatable"),
	ROW(timeout, "timeout", OPT_COUNT, "SECONDS", "how long to wait for the endpoint (30)"),
	ROW(fenced, "fenced", OPT_STRINGS, "HOST",
	    "host that is certainly off: it is not asked; repeatable"),
	{.name = NULL},
};

/* The steps done so far, to be undone if the rest fails. */
struct run {
	const struct run_opts *opts;
	struct claim claim;
	struct placed placed;
	bool started;
	int64_t start_us, answered_us;
};

static int apply_options(struct run *r, struct err *err)
{
	struct bundle *b = &r->claim.bundle;

	if (claim_set_addresses(&r->claim, &r->opts->addresses, err) < 0)
		return -1;
	if (r->opts->endpoints.n)
		argv_clear(&b->endpoints);
	argv_extend(&b->endpoints, &r->opts->endpoints);
	if (b->terminal)
		return err_set(err, EXIT_USAGE,
			       "'%s/config.json': process.terminal is true, but containers are "
			       "started detached; set it to false",
			       b->dir);
	return 0;
}

/* Makes every check that can refuse before anything is changed. */
static int prepare(struct app *app, struct run *r, const char *name, struct err *err)
{
	CLEANUP_FREE char *here = config_here(app->config);
	const char *host = r->opts->on ? r->opts->on : here;
	bool checkpointed = false;

	if (bundle_check_options(&r->opts->addresses, &r->opts->endpoints, err) < 0 ||
	    claim_init(&r->claim, app, name, host, err) < 0 ||
	    config_check_fenced(app->config, &r->opts->fenced, err) < 0 ||
	    claim_read_config(&r->claim, err) < 0 || apply_options(r, err) < 0 ||
	    claim_take(&r->claim, err) < 0 ||
	    claim_has_checkpoint(&r->claim, &checkpointed, err) < 0)
		return -1;
	if (checkpointed)
		event_note(app->events,
			   "it starts afresh; 'cmigrate restore %s' would resume it from its "
			   "checkpoint",
			   name);
	return find_host_none(app->config, name, &r->opts->fenced, app->events, err);
}

/* The last error in runc's JSON log, or "". Owned by the caller. */
static char *runc_reason(const char *log)
{
	CLEANUP_FREE char *copy = str_dup(log);
	char *reason = str_dup(""), *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *entry = json_loads(line, 0, NULL);
		const char *level = json_string_value(json_object_get(entry, "level"));
		const char *text = json_string_value(json_object_get(entry, "msg"));
		if (level && text && (!strcmp(level, "error") || !strcmp(level, "fatal")))
			str_set(&reason, text);
		json_decref(entry);
	}
	str_mask(reason);
	return reason;
}

static int start_failure(struct run *r, const struct job *job, struct err *err)
{
	CLEANUP_FREE char *reason = runc_reason(buf_str(&job->err));

	/*
	 * After a time-out or a lost connection the container may run. After an error of its own
	 * runc has removed it.
	 */
	r->started = job->timed_out || job->lost;
	if (r->started || !*reason)
		return job_failure(job, err);
	return err_set(err, EXIT_FAILED, "%s: can't start '%s': %.1500s", r->claim.host->name,
		       r->claim.bundle.name, reason);
}

static int start(struct run *r, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_JOB struct job job = {0};
	const struct bundle *b = &r->claim.bundle;

	argv_add(&a, "run");
	argv_addf(&a, "container=%s", b->name);
	struct command cmd = {.argv = a.v, .timeout_ms = START_MS};
	r->start_us = clock_now_us();
	if (host_start(r->claim.host, &cmd, &job, err) < 0)
		return -1;
	job_wait(&job);
	r->started = true;
	return job.status || job.lost || job.timed_out ? start_failure(r, &job, err) : 0;
}

/* A program that can't do its work exits soon after its start. */
static int check_lives(struct run *r, struct err *err)
{
	CLEANUP_CONTAINER struct container c = {0};

	if (claim_container(&r->claim, &c, err) < 0) {
		err->code = EXIT_FAILED;
		return -1;
	}
	if (container_lives(&c))
		return 0;
	return err_set(err, EXIT_FAILED, "%s: '%s' has ended: its program did not keep running",
		       r->claim.host->name, r->claim.bundle.name);
}

/*
 * Asks for LOOK_MS with a new probe, so that the caller can see in between whether the container
 * still runs. 0: answered; 1: not yet; -1: give up.
 */
static int ask_once(struct run *r, int64_t until, struct err *err)
{
	struct probe *probe = probe_new(&r->claim.bundle.endpoints, err);

	if (!probe)
		return -1;
	int status = probe_wait(probe, until, &move_stop, &r->answered_us, err);
	probe_free(probe);
	if (status == 0)
		return 0;
	return move_cancelled ? err_set(err, EXIT_FAILED, "stopped by a signal") : 1;
}

static int wait_answer(struct run *r, int64_t deadline, struct err *err)
{
	int status;

	do {
		struct err silent = ERR_INIT;
		status = ask_once(r, deadline_min(deadline, deadline_in_ms(LOOK_MS)), &silent);
		/* Another machine may have answered, so look at the container in any case. */
		if (status >= 0 && check_lives(r, err) < 0)
			return -1;
		if (status < 0 || (status > 0 && deadline_passed(deadline)))
			return err_set(err, EXIT_FAILED, "%s", silent.msg);
	} while (status > 0);
	return 0;
}

static int prove(struct run *r, const struct config *config, struct err *err)
{
	const struct bundle *b = &r->claim.bundle;
	unsigned seconds = r->opts->timeout ? r->opts->timeout : b->timeout;

	if (!b->endpoints.n)
		return check_lives(r, err);
	if (!seconds)
		seconds = config->timeout ? config->timeout : ANSWER_SECONDS;
	return wait_answer(r, deadline_in_ms((int64_t)seconds * 1000), err);
}

static int take_back(struct run *r, struct err *err)
{
	struct err second = ERR_INIT;
	bool ended = !r->started || claim_end(&r->claim, 0, NULL, &second) == 0;

	/* While the container may run, its address stays. */
	if (ended &&
	    service_address_undo(r->claim.host, &r->claim.bundle, &r->placed, &second) == 0)
		return r->started ? err_append(err, "it was undone") : -1;
	err->code = EXIT_IN_DOUBT;
	return err_append(err, "undoing it failed: %s", second.msg);
}

static int bring_addresses_up(struct run *r, struct err *err)
{
	struct host *host = r->claim.host;
	const struct bundle *bundle = &r->claim.bundle;
	struct address wanted[ADDRESSES_MAX];
	struct facts seen = {0};

	if (!bundle->n_addresses)
		return 0;
	if (service_address_look(host, bundle, &seen, err) < 0)
		return -1;
	int status = preflight_devices(host, bundle, &seen, wanted, err);
	if (status == 0)
		status = service_address_add(host, bundle, &seen, wanted, &r->placed, err);
	facts_clear(&seen);
	return status;
}

static int run(struct app *app, struct run *r, const char *name, struct err *err)
{
	if (prepare(app, r, name, err) < 0 || bring_addresses_up(r, err) < 0)
		return -1;
	if (!move_cancelled && owner_note(&r->claim.state_dir, err) == 0 && start(r, err) == 0 &&
	    prove(r, app->config, err) == 0)
		return 0;
	if (err->code == EXIT_DONE)
		(void)err_set(err, EXIT_FAILED, "stopped by a signal");
	return take_back(r, err);
}

static void print_outcome(struct ui *ui, const struct run *r)
{
	const char *name = r->claim.bundle.name, *host = r->claim.host->name;

	if (ui_is_quiet(ui))
		return;
	if (r->answered_us)
		ui_print(ui, "running '%s' on %s: answered after %.0f ms\n", name, host,
			 (double)(r->answered_us - r->start_us) / 1000.0);
	else
		ui_print(ui, "running '%s' on %s\n", name, host);
}

static json_t *answered_json(const struct run *r, bool done)
{
	if (!done || !r->answered_us)
		return json_null();
	return json_real((double)(r->answered_us - r->start_us) / 1000.0);
}

static int run_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	struct run r = {.opts = opts, .claim = {0}};
	int status = name_check(args->v[0], err);

	signals_watch();
	if (status == 0)
		status = run(app, &r, args->v[0], err);
	claim_summary(app, &r.claim, "running",
		      json_pack("{s:o}", "answered_ms", answered_json(&r, status == 0)), err);
	if (status == 0)
		print_outcome(app->ui, &r);
	claim_clear(&r.claim);
	return status < 0 ? -1 : EXIT_DONE;
}

const struct verb verb_run = {
	.name = "run",
	.synopsis = "[OPTIONS] NAME",
	.summary = "start a container and wait until it answers",
	.details =
		"Brings the container's service address up, starts it detached with its standard\n"
		"descriptors on /dev/null, and asks its endpoint until it answers. Without an\n"
		"endpoint the container only has to keep running. A failure undoes everything.\n"
		"\n"
		"A container is not started if a known host has it, or if a host that does not\n"
		"answer might have it.\n",
	.opts = run_table,
	.options_size = sizeof(struct run_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = run_run,
};
