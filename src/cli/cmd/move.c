/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/check_report.h"
#include "cli/rehearse.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/hooks.h"
#include "cmigrate/move/move_options.h"
#include "cmigrate/move/signals.h"
#include "cmigrate/move/step_tables.h"

/* Runs the move between its hooks: the first one may refuse it, the second one is only informed. */
static int run_move(struct app *app, struct move *move, struct err *err)
{
	if (move_hook_before(app->config, move, err) < 0) {
		summary_refuse(&move->summary, err);
		return -1;
	}
	int status = (int)engine_run(strategy_of(move), move, err);
	app_hook_after(app, move);
	return status;
}

static void report_plan(struct app *app, const struct move *move, bool passed)
{
	check_report(app->ui, &move->checks);
	if (passed)
		plan_report(app->ui, move);
}

static int run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	struct move_opts *opts = base;
	struct move *move = NULL;

	app->plans = opts->dry_run || opts->rehearse;
	if (opts->rehearse)
		return rehearse(app, opts, args, err);
	signals_watch();
	ui_wait(app->ui, "asking the hosts");
	int status = move_new(app->config, opts, args->v[0], args->v[1], app->events, &move, err);
	if (opts->dry_run && move->checks.n) {
		if (!ui_is_quiet(app->ui) || ui_is_json(app->ui))
			report_plan(app, move, status == 0);
		refusal_report(app->ui, move, status, err);
	} else if (status == 0) {
		check_warnings(app->events, &move->checks);
		status = run_move(app, move, err);
		ui_summary(app->ui, &move->summary);
	} else {
		summary_refuse(&move->summary, err);
		if (ui_is_json(app->ui))
			ui_summary(app->ui, &move->summary);
	}
	move_free(move);
	return status;
}

const struct verb verb_move = {
	.name = "move",
	.synopsis = "[OPTIONS] NAME DEST",
	.summary = "move a running container to another host",
	.details =
		"NAME's bundle is read from the bundle root, the same directory on both hosts.\n"
		"Without --from the source is the host that has the container. Endpoint, service\n"
		"address and so on come from the annotations of the container's config.json\n"
		"unless an option says otherwise.",
	.opts = move_opts_table,
	.options_size = sizeof(struct move_opts),
	.acts = true,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
