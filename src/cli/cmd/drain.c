/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/drain_report.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/cli/batch_report.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/annotation.h"
#include "cmigrate/fleet/batch.h"
#include "cmigrate/fleet/drain.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/signals.h"

static int check_opts(const struct drain *d, struct err *err)
{
	const struct config *config = d->caller->config;

	if (config_need_hosts(config, 2, err) < 0)
		return -1;
	if (!config_find(config, d->host))
		return err_set(err, EXIT_USAGE, "no host '%s' in the configuration", d->host);
	for (size_t i = 0; i < d->to.n; i++) {
		if (!config_find(config, d->to.v[i]))
			return err_set(err, EXIT_USAGE, "--to: no host '%s' in the configuration",
				       d->to.v[i]);
		if (strcmp(d->to.v[i], d->host) == 0)
			return err_set(err, EXIT_USAGE, "--to: %s is the host to be drained",
				       d->host);
	}
	return 0;
}

/* The options of a host that is cordoned or goes down. */
static int read_maintenance(struct drain *d, struct err *err)
{
	const struct drain_opts *o = d->opts;
	unsigned seconds = 0;

	if (o->reason && !o->cordon)
		return err_set(err, EXIT_USAGE, "--reason needs --cordon");
	if (o->reason && strlen(o->reason) > CORDON_REASON_MAX)
		return err_set(err, EXIT_USAGE, "--reason: longer than %d bytes",
			       CORDON_REASON_MAX);
	if (o->fallback && !o->within)
		return err_set(err, EXIT_USAGE, "--fallback needs --within");
	if (!o->within)
		return 0;
	if (within_seconds(o->within, &seconds, err) < 0)
		return err_wrap(err, "--within");
	for (size_t i = 0; o->fallback && fallback_words[i]; i++)
		if (strcmp(o->fallback, fallback_words[i]) == 0)
			d->within.fallback = (enum fallback)i;
	d->within.deadline_us = d->start_us + (int64_t)seconds * 1000000;
	/* Containers that are stopped only wait; the others write. */
	d->within.parallel = o->parallel ? o->parallel : BATCH_PARALLEL;
	if (d->within.fallback == FALLBACK_STOP)
		d->within.parallel = BATCH_PARALLEL_MAX;
	return 0;
}

static int run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	CLEANUP_CALLER struct batch_caller caller;
	CLEANUP_DRAIN struct drain d = {
		.caller = &caller, .opts = base, .host = args->v[0], .start_us = clock_now_us()};

	batch_caller_init(&caller, app);
	for (size_t i = 0; i < d.opts->to.n; i++)
		argv_words(&d.to, d.opts->to.v[i], ", ");
	for (size_t i = 0; i < d.opts->exclude.n; i++)
		argv_words(&d.exclude, d.opts->exclude.v[i], ", ");
	d.by = batch_caller_name(app);
	/* The drain keeps groups in mind as a whole; a single move would see them half moved. */
	argv_add(&d.options, d.opts->force ? "--force" : "--planned");
	if (check_opts(&d, err) < 0 || read_maintenance(&d, err) < 0 ||
	    batch_check_options(d.opts->parallel, &d.opts->skip_checks, d.opts->strict, &d.options,
				err) < 0)
		return -1;
	batch_add_wishes(d.opts->max_downtime_ms, d.opts->if_slow, d.opts->encrypt, &d.options);
	app->plans = d.opts->dry_run;
	signals_watch();
	ui_wait(app->ui, "asking the hosts");
	if (drain_run(&d, err) < 0)
		return -1;
	return d.opts->dry_run ? drain_report_plan(&d, err) : drain_report(&d, err);
}

#define ROW(member, name, kind, arg, help) OPT(struct drain_opts, member, name, 0, kind, arg, help)

static const struct opt table[] = {
	ROW(to, "to", OPT_STRINGS, "HOST[,HOST]", "move to these hosts only; repeatable"),
	ROW(exclude, "exclude", OPT_STRINGS, "NAME[,NAME]", "containers that stay; repeatable"),
	ROW(parallel, "parallel", OPT_COUNT, "N", "moves out of and into a host at once (2)"),
	OPT_ONE_OF(struct drain_opts, on_error, "on-error", "WHAT",
		   "if a move fails: begin no other, or go on (continue)", "stop|continue"),
	ROW(cordon, "cordon", OPT_FLAG, NULL,
	    "keep others from moving containers there until 'uncordon'"),
	ROW(reason, "reason", OPT_STRING, "TEXT", "why, for others to read; with --cordon"),
	ROW(within, "within", OPT_STRING, "TIME",
	    "the host goes down then: 90s, 2m; long moves first, none that can't end in time"),
	OPT_ONE_OF(struct drain_opts, fallback, "fallback", "WHAT",
		   "what becomes of containers that --within leaves no time for (leave)",
		   "leave|checkpoint|stop"),
	ROW(force, "force", OPT_FLAG, NULL, "move to cordoned hosts too"),
	ROW(max_downtime_ms, "max-downtime", OPT_COUNT, "MS", "how long each freeze may last"),
	OPT_ONE_OF(struct drain_opts, if_slow, "if-slow", "WHAT",
		   "if one would last longer, as with move", ANNOTATION_IF_SLOWS),
	OPT_ONE_OF(struct drain_opts, encrypt, "encrypt", "WHAT",
		   "whether memory may cross the network in the clear, as with move",
		   ANNOTATION_ENCRYPTS),
	ROW(skip_checks, "skip-check", OPT_STRINGS, "ID[,ID]", "leave out checks; repeatable"),
	ROW(strict, "strict", OPT_FLAG, NULL, "refuse a move where a check only warns"),
	ROW(dry_run, "dry-run", OPT_FLAG, NULL, "make the checks, show the plan, move nothing"),
	ROW(include_pinned, "include-pinned", OPT_FLAG, NULL,
	    "move containers with org.cmigrate.pin too"),
	{.name = NULL},
};

const struct verb verb_drain = {
	.name = "drain",
	.synopsis = "[OPTIONS] HOST",
	.summary = "move everything on a host to the other hosts",
	.details =
		"Small containers first, each to the host with the most memory left. If a host\n"
		"refuses a container, the next one is tried. A second run continues with what is\n"
		"left. Exit code 0 if only the containers of --exclude are left; otherwise exit\n"
		"code 8 and the name of each one left.\n"
		"\n"
		"Maintenance of a host:\n"
		"  cmigrate drain rhel01 --dry-run                      what would go where\n"
		"  cmigrate drain rhel01 --cordon --reason 'new disk'   move it; keep others off\n"
		"  ... reboot it, work on it: 'list' shows that it is cordoned, and why ...\n"
		"  cmigrate uncordon rhel01 --return                    bring back what left\n"
		"If the host goes down soon, give the time and what becomes of the rest:\n"
		"  cmigrate drain rhel01 --cordon --within 90s --fallback checkpoint",
	.opts = table,
	.options_size = sizeof(struct drain_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
