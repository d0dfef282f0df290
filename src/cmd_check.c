/* SPDX-License-Identifier: MIT */
#include "cmigrate/check_report.h"
#include "cmigrate/cmd.h"
#include "cmigrate/move.h"
#include "cmigrate/move_opts.h"
#include "cmigrate/ui.h"

static int run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	struct move *move = NULL;
	int status = move_new(app->config, base, args->v[0], args->v[1], app->events, &move, err);

	/* What refuses the move is in the error. */
	if (move->checks.n && (!ui_is_quiet(app->ui) || ui_is_json(app->ui)))
		check_report(app->ui, &move->checks);
	move_free(move);
	return status;
}

const struct verb verb_check = {
	.name = "check",
	.synopsis = "[OPTIONS] NAME DEST",
	.summary = "make every check of a move, and nothing else",
	.details = "Exit code 3 when a check refuses the move. cmigrate(1) lists the checks.",
	.opts = move_opts_table,
	.opts_size = sizeof(struct move_opts),
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
