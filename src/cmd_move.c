/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/check_report.h"
#include "cmigrate/cmd.h"
#include "cmigrate/config.h"
#include "cmigrate/hook.h"
#include "cmigrate/move_opts.h"
#include "cmigrate/signals.h"
#include "cmigrate/strategy.h"
#include "cmigrate/ui.h"

/* It ended before the first step. */
static void summarize_refusal(struct move *move, const struct err *err)
{
	str_set(&move->summary.outcome, "refused");
	str_set(&move->summary.error, err->msg);
	move->summary.exit_code = (int)err->code;
}

/* A hook learns by its environment what is moved; outcome NULL: not known yet. */
static int run_hook(struct app *app, const struct argv *hook, const struct move *move,
		    const char *outcome, struct err *err)
{
	CLEANUP_ARGV struct argv env = {0};

	argv_addf(&env, "CMIGRATE_CONTAINER=%s", move->bundle.name);
	argv_addf(&env, "CMIGRATE_SOURCE=%s", move->source_name);
	argv_addf(&env, "CMIGRATE_DESTINATION=%s", move->destination_name);
	if (outcome)
		argv_addf(&env, "CMIGRATE_OUTCOME=%s", outcome);
	return hook_run(hook, NULL, env.v, app->events, err);
}

/* The move itself, between its hooks: the first may refuse it, the second only hears of it. */
static int run_move(struct app *app, struct move *move, struct err *err)
{
	struct err unheard = ERR_INIT;

	if (run_hook(app, &app->config->hook_pre_move, move, NULL, err) < 0) {
		err->code = EXIT_REFUSED;
		(void)err_wrap(err, "refused by hook pre_move");
		summarize_refusal(move, err);
		return -1;
	}
	int status = (int)engine_run(strategy_of(move), move, err);
	/* The move is as it is, but not all went well: said with --quiet too. */
	if (run_hook(app, &app->config->hook_post_move, move, move->summary.outcome, &unheard) <
	    0) {
		(void)err_wrap(&unheard, "hook post_move");
		event_note(app->events, "%s", unheard.msg);
		if (ui_is_quiet(app->ui))
			ui_error(app->ui, &unheard);
	}
	return status;
}

static int run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	struct move_opts *opts = base;
	struct move *move = NULL;

	signals_watch();
	ui_wait(app->ui, "asking the hosts");
	int status = move_new(app->config, opts, args->v[0], args->v[1], app->events, &move, err);
	if (opts->dry_run && move->checks.n) {
		check_report(app->ui, &move->checks);
		if (status == 0)
			plan_report(app->ui, move);
	} else if (status == 0) {
		check_warnings(app->events, &move->checks);
		status = run_move(app, move, err);
		ui_summary(app->ui, &move->summary);
	} else {
		summarize_refusal(move, err);
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
	.details = "NAME's bundle is read from the bundle root, the same directory on both hosts.\n"
		   "Without --from the source is the host that has the container. What belongs to\n"
		   "the container (endpoint, service address, ...) is taken from the annotations\n"
		   "of its config.json where no option says otherwise.",
	.opts = move_opts_table,
	.opts_size = sizeof(struct move_opts),
	.acts = true,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
