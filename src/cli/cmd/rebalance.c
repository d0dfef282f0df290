/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cli/rebalance_report.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/cli/batch_report.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/annotation.h"
#include "cmigrate/fleet/batch.h"
#include "cmigrate/fleet/rebalance.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/signals.h"

/* A host at ten times the mean is not balanced in any sense. */
#define THRESHOLD_MAX 10

struct rebalance_opts {
	char *by, *threshold, *if_slow, *encrypt;
	unsigned max_moves, parallel, max_downtime_ms;
	struct argv skip_checks;
	bool strict, dry_run, force;
};

/* Reads "0.2" or "20%". */
static int read_threshold(const char *text, double *ret, struct err *err)
{
	char *end = NULL;
	double value = strtod(text, &end);

	if (end != text && *end == '%') {
		value /= 100;
		end++;
	}
	if (end == text || *end || !(value >= 0 && value <= THRESHOLD_MAX))
		return err_set(err, EXIT_USAGE,
			       "--threshold: '%.40s' is not a share such as 0.2, from 0 to %d",
			       text, THRESHOLD_MAX);
	*ret = value;
	return 0;
}

static int read_opts(const struct rebalance_opts *o, struct rebalance *r, struct err *err)
{
	const struct config *config = r->caller->config;

	r->threshold = config->rebalance_threshold;
	if (o->threshold && read_threshold(o->threshold, &r->threshold, err) < 0)
		return -1;
	if (fleet_by(o->by ? o->by : config->rebalance_by, &r->by, err) < 0)
		return err_wrap(err, "rebalance.by");
	if (o->max_moves > REBALANCE_MOVES_MAX)
		return err_set(err, EXIT_USAGE, "--max-moves: at most %d", REBALANCE_MOVES_MAX);
	r->max_moves = o->max_moves;
	r->parallel = o->parallel;
	r->force = o->force;
	/* The plan keeps groups in mind as a whole. */
	argv_add(&r->options, o->force ? "--force" : "--planned");
	batch_add_wishes(o->max_downtime_ms, o->if_slow, o->encrypt, &r->options);
	if (config_need_hosts(config, 2, err) < 0)
		return -1;
	return batch_check_options(o->parallel, &o->skip_checks, o->strict, &r->options, err);
}

static int rebalance_run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	const struct rebalance_opts *opts = base;
	CLEANUP_CALLER struct batch_caller caller;
	CLEANUP_REBALANCE struct rebalance r = {.caller = &caller, .start_us = clock_now_us()};

	(void)args;
	batch_caller_init(&caller, app);
	if (read_opts(opts, &r, err) < 0)
		return -1;
	app->plans = opts->dry_run;
	signals_watch();
	ui_wait(app->ui, "asking the hosts");
	if (rebalance_plan(&r, err) < 0)
		return -1;
	if (opts->dry_run || !r.plan.n || ui_is_json(app->ui))
		rebalance_report_plan(&r);
	if (opts->dry_run)
		return EXIT_DONE;
	rebalance_move(&r);
	return rebalance_report(&r, err);
}

#define ROW(member, name, kind, arg, help)                                                         \
	OPT(struct rebalance_opts, member, name, 0, kind, arg, help)

static const struct opt table[] = {
	OPT_ONE_OF(struct rebalance_opts, by, "by", "WHAT", "what to balance (memory)",
		   "memory|pressure|count"),
	ROW(threshold, "threshold", OPT_STRING, "SHARE",
	    "how far above the mean a host may be (0.2)"),
	ROW(max_moves, "max-moves", OPT_COUNT, "N", "maximum number of moves (4)"),
	ROW(parallel, "parallel", OPT_COUNT, "N", "moves out of and into a host at once (2)"),
	ROW(max_downtime_ms, "max-downtime", OPT_COUNT, "MS", "how long each freeze may last"),
	OPT_ONE_OF(struct rebalance_opts, if_slow, "if-slow", "WHAT",
		   "if one would last longer, as with move", ANNOTATION_IF_SLOWS),
	OPT_ONE_OF(struct rebalance_opts, encrypt, "encrypt", "WHAT",
		   "whether memory may cross the network in the clear, as with move",
		   ANNOTATION_ENCRYPTS),
	ROW(skip_checks, "skip-check", OPT_STRINGS, "ID[,ID]", "leave out checks; repeatable"),
	ROW(strict, "strict", OPT_FLAG, NULL, "refuse a move where a check only warns"),
	ROW(force, "force", OPT_FLAG, NULL, "let cordoned hosts take part"),
	ROW(dry_run, "dry-run", OPT_FLAG, NULL, "make the checks, show the plan, move nothing"),
	{.name = NULL},
};

const struct verb verb_rebalance = {
	.name = "rebalance",
	.synopsis = "[OPTIONS]",
	.summary = "move containers so that no host has much more than others",
	.details =
		"Asks every host of the configuration what it carries and makes the fewest moves\n"
		"after which none is further above the mean than the threshold, small containers\n"
		"first. Nothing is moved twice, to a host that its checks refuse, or against\n"
		"the annotation org.cmigrate.pin. --quiet suits cron: no output and exit code 0\n"
		"if there was nothing to do or all went well, exit code 8 if moves failed.",
	.opts = table,
	.options_size = sizeof(struct rebalance_opts),
	.acts = true,
	.max_args = 0,
	.run = rebalance_run,
};
