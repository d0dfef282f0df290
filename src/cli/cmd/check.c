/* SPDX-License-Identifier: MIT */
#include "cli/check_report.h"
#include "cli/rehearse.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/move/check_all.h"
#include "cmigrate/move/move.h"
#include "cmigrate/move/move_options.h"

static int check_one(struct app *app, const struct move_opts *opts, const char *name,
		     const char *destination, struct err *err)
{
	struct move *move = NULL;
	int status = move_new(app->config, opts, name, destination, app->events, &move, err);

	/* The error has the reason of a refusal. */
	if (move->checks.n && (!ui_is_quiet(app->ui) || ui_is_json(app->ui)))
		check_report(app->ui, &move->checks);
	refusal_report(app->ui, move, status, err);
	move_free(move);
	return status;
}

static const char *word_of(const struct survey_host *h)
{
	if (!h->answers)
		return "unreachable";
	return h->verdict.code == EXIT_DONE ? "ok" : "refused";
}

static void print_hosts(struct ui *ui, const char *name, const struct survey *s)
{
	static const char *const headers[] = {"HOST", "RESULT", "", NULL};
	struct ui_table *table = ui_is_json(ui) ? NULL : ui_table_new(headers);

	for (size_t i = 0; i < s->n; i++) {
		const struct survey_host *h = &s->hosts[i];
		const char *why = h->verdict.code == EXIT_DONE ? NULL : h->verdict.msg;
		struct warnings w = {0};
		warnings_of(&h->checks, &w);
		CLEANUP_FREE char *ids = warnings_ids(&w);
		CLEANUP_FREE char *text = why	? str_dup(why)
					  : w.n ? str_fmt("warns: %s", ids)
						: str_dup("");
		if (table)
			ui_table_row(table, (const char *const[]){h->name, word_of(h), text});
		else
			ui_json(ui, json_pack("{s:s, s:s, s:s, s:s, s:s?, s:o}", "container", name,
					      "source", s->source, "host", h->name, "result",
					      word_of(h), "message", why, "warnings",
					      warnings_json(&w)));
		warnings_clear(&w);
	}
	if (table)
		ui_table_print(ui, table);
}

static int check_all(struct app *app, const struct move_opts *opts, const char *name,
		     struct err *err)
{
	struct survey s;
	size_t taken = 0;

	if (survey_make(app->config, opts, name, app->events, &s, err) < 0)
		return -1;
	for (size_t i = 0; i < s.n; i++)
		taken += s.hosts[i].verdict.code == EXIT_DONE;
	if (taken < s.n || !ui_is_quiet(app->ui) || ui_is_json(app->ui))
		print_hosts(app->ui, name, &s);
	int status = taken == s.n ? 0
				  : err_set(err, EXIT_REFUSED, "%zu of %zu hosts would take '%s'",
					    taken, s.n, name);
	survey_clear(&s);
	return status;
}

static int run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	struct move_opts *opts = base;

	if (opts->rehearse)
		return rehearse(app, opts, args, err);
	opts->dry_run = true;
	ui_wait(app->ui, "asking the hosts");
	if (args->n == 1)
		return check_all(app, base, args->v[0], err);
	return check_one(app, base, args->v[0], args->v[1], err);
}

const struct verb verb_check = {
	.name = "check",
	.synopsis = "[OPTIONS] NAME [DEST]",
	.summary = "make every check of a move, and nothing else",
	.details =
		"Without DEST it checks a move to every other host of the configuration, all at\n"
		"once, and prints a line for each. Exit code 3 if a host refuses or is silent.\n"
		"cmigrate(1) lists the checks, cmigrate-losses(7) what a move does not keep.",
	.opts = move_opts_table,
	.options_size = sizeof(struct move_opts),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
