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
	if (check_opts(&d, err) < 0 ||
	    batch_check_options(d.opts->parallel, &d.opts->skip_checks, &d.options, err) < 0)
		return -1;
	batch_add_bound(d.opts->max_downtime_ms, d.opts->if_slow, &d.options);
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
	{.name = "on-error",
	 .kind = OPT_STRING,
	 .offset = offsetof(struct drain_opts, on_error),
	 .arg = "WHAT",
	 .help = "if a move fails: begin no other, or go on (continue)",
	 .choices = "stop|continue"},
	ROW(max_downtime_ms, "max-downtime", OPT_COUNT, "MS", "how long each freeze may last"),
	{.name = "if-slow",
	 .kind = OPT_STRING,
	 .offset = offsetof(struct drain_opts, if_slow),
	 .arg = "WHAT",
	 .help = "if one would last longer, as with move",
	 .choices = ANNOTATION_IF_SLOWS},
	ROW(skip_checks, "skip-check", OPT_STRINGS, "ID[,ID]", "leave out checks; repeatable"),
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
		"code 8 and the name of each one left.",
	.opts = table,
	.options_size = sizeof(struct drain_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
