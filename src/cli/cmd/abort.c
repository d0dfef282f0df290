/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/steered.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/fleet/batch_wish.h"

struct abort_opts {
	struct argv on;
	char *drain;
	bool rebalance;
};

/* Whether the move has said that it can't be undone any more. */
struct hearing {
	const char *wish;
	bool late;
};

static bool is_late(void *ctx, const json_t *event)
{
	struct hearing *h = ctx;
	const char *wish = json_string_value(json_object_get(event, "wish"));
	const char *answer = json_string_value(json_object_get(event, "answer"));

	h->late = wish && answer && strcmp(wish, h->wish) == 0 && strcmp(answer, "too-late") == 0;
	return h->late;
}

static bool was(const struct summary *s, const char *outcome)
{
	return s->outcome && strcmp(s->outcome, outcome) == 0;
}

static int too_late(const struct steered *st, const struct summary *s, struct err *err)
{
	const char *name = st->status.bundle.name;

	if (was(s, "moved") || was(s, "silent"))
		return err_set(err, EXIT_FAILED, "too late: '%s' was moved to %s", name,
			       st->destination);
	return err_set(err, EXIT_FAILED,
		       "too late: '%s' runs on %s, and only its end there would undo the move; "
		       "'cmigrate status %s --follow' shows how it goes on",
		       name, st->destination, name);
}

static int tell(struct app *app, const struct steered *st, const char *outcome, struct err *err)
{
	const char *name = st->status.bundle.name;
	enum exit_code code = *err->msg ? err->code : EXIT_DONE;

	if (ui_is_json(app->ui))
		ui_json(app->ui,
			json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:i, s:s?}", "event", "abort",
				  "container", name, "move", st->id, "outcome", outcome, "host",
				  code == EXIT_DONE ? st->source : NULL, "exit_code", (int)code,
				  "error", *err->msg ? err->msg : NULL));
	else if (code == EXIT_DONE && !ui_is_quiet(app->ui))
		ui_print(app->ui, "undone '%s': it runs on %s\n", name, st->source);
	return code == EXIT_DONE ? EXIT_DONE : -1;
}

/* The end of the move, as the exit code of whoever wanted it to be undone. */
static int report(struct app *app, const struct steered *st, const struct hearing *h,
		  const struct summary *s, struct err *err)
{
	if (!h->late && was(s, "undone"))
		return tell(app, st, "undone", err);
	if (h->late || was(s, "moved") || was(s, "silent"))
		(void)too_late(st, s, err);
	else
		(void)err_set(err, s->exit_code ? (enum exit_code)s->exit_code : EXIT_FAILED, "%s",
			      s->error ? s->error : "the move has ended, and was not undone");
	return tell(app, st, h->late ? "too-late" : s->outcome, err);
}

static int abort_move(struct app *app, const char *name, const struct argv *hosts, struct err *err)
{
	CLEANUP_STEERED struct steered st = {0};
	CLEANUP_WISH struct wish wish = {0};
	struct summary end = {0};

	if (steered_find(&st, app, name, hosts, err) < 0)
		return -1;
	wish_init(&wish);
	wish.abort = true;
	struct hearing hearing = {.wish = wish.id};
	ui_wait(app->ui, "waiting for the move to be undone");
	int status = steered_wish(&st, &wish, &end, err);
	if (status == 0)
		status = steered_hear(&st, is_late, &hearing, &end, err);
	if (status >= 0)
		status = report(app, &st, &hearing, &end, err);
	summary_clear(&end);
	return status;
}

static int abort_batch(struct app *app, const char *batch, const char *first, struct err *err)
{
	ui_wait(app->ui, "asking the hosts");
	if (batch_wish_abort(app->config, batch, first, app->events, err) < 0)
		return -1;
	if (ui_is_json(app->ui))
		ui_json(app->ui, json_pack("{s:s, s:s, s:s}", "event", "abort", "batch", batch,
					   "outcome", "stopped"));
	else if (!ui_is_quiet(app->ui))
		ui_print(app->ui,
			 "stopped: no further move begins, those under way are finished\n");
	return EXIT_DONE;
}

static int abort_run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	const struct abort_opts *opts = base;

	if ((args->n != 0) + (opts->drain != NULL) + opts->rebalance != 1)
		return err_set(err, EXIT_USAGE,
			       "one of NAME, --drain HOST and --rebalance says what to stop; "
			       "usage: cmigrate abort [OPTIONS] [NAME]");
	if (args->n)
		return abort_move(app, args->v[0], &opts->on, err);
	if (opts->rebalance)
		return abort_batch(app, BATCH_REBALANCE, NULL, err);
	CLEANUP_FREE char *batch = batch_of_drain(opts->drain);
	return abort_batch(app, batch, opts->drain, err);
}

static const struct opt table[] = {
	OPT(struct abort_opts, on, "on", 0, OPT_STRINGS, "HOST",
	    "ask this host only; repeatable (all known hosts)"),
	OPT(struct abort_opts, drain, "drain", 0, OPT_STRING, "HOST",
	    "have the drain of this host begin no further move"),
	OPT(struct abort_opts, rebalance, "rebalance", 0, OPT_FLAG, NULL,
	    "have a rebalance begin no further move"),
	{.name = NULL},
};

const struct verb verb_abort = {
	.name = "abort",
	.synopsis = "[OPTIONS] [NAME]",
	.summary = "undo a move that runs, from any host",
	.details =
		"Asks the process that moves NAME, wherever it runs, to undo that, and waits for\n"
		"its end. Exit code 0 if the container goes on where it was; 1 if that was too\n"
		"late: clients may have been answered by the destination's copy. If the process\n"
		"has died, exit code 7: 'cmigrate recover NAME' settles the move.\n",
	.opts = table,
	.options_size = sizeof(struct abort_opts),
	.acts = true,
	.max_args = 1,
	.run = abort_run,
};
