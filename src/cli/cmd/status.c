/* SPDX-License-Identifier: MIT */
#include "cli/status.h"
#include "cli/local.h"
#include "cli/steered.h"
#include "cmigrate/base/event_json.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/host/config.h"

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "?";
}

static void print_container(struct ui *ui, const struct container *c)
{
	char age[24], memory[16];

	if (c->pid)
		ui_print(ui, "  pid       %u\n", c->pid);
	container_age(age, c->age);
	ui_print(ui, "  age       %s\n", age);
	if (c->memory < 0)
		return;
	ui_bytes(memory, (unsigned long long)c->memory);
	ui_print(ui, "  memory    %s in %u process%s\n", memory, c->processes,
		 c->processes == 1 ? "" : "es");
}

static void print_address(struct ui *ui, const json_t *row)
{
	if (json_is_null(json_object_get(row, "host")))
		ui_print(ui, "  address   %s, on no known host\n", text(row, "address"));
	else
		ui_print(ui, "  address   %s, on %s (%s)\n", text(row, "address"),
			 text(row, "host"), text(row, "device"));
}

static void print_endpoint(struct ui *ui, const json_t *row)
{
	if (json_is_true(json_object_get(row, "answers")))
		ui_print(ui, "  endpoint  %s answers, %.0f ms\n", text(row, "url"),
			 json_number_value(json_object_get(row, "ms")));
	else
		ui_print(ui, "  endpoint  %s does not answer: %s\n", text(row, "url"),
			 text(row, "error"));
}

static void print_move(struct ui *ui, const struct status *s, const json_t *move)
{
	const char *step = json_string_value(json_object_get(move, "last_step"));

	if (json_is_null(move))
		return;
	if (s->journal_error)
		ui_print(ui, "  move      its journal can't be read: %s\n", s->journal_error);
	else
		ui_print(ui, "  move      %s from %s to %s%s%s%s, %s\n", text(move, "id"),
			 text(move, "source"), text(move, "destination"),
			 step ? ", last step '" : "", step ? step : "", step ? "'" : "",
			 s->journal.committed ? "committed" : "not committed");
	ui_print(ui, "            if it is no longer under way: %s\n", text(move, "settled_by"));
}

static void print_place(const struct app *app, const struct status *s, bool all_answered)
{
	CLEANUP_FREE char *only = replies_only_host(&s->replies, app->config);

	if (s->list.n)
		ui_print(app->ui, "%s: %s on %s\n", s->bundle.name, s->list.rows[0].state,
			 s->list.rows[0].host);
	else if (only)
		ui_print(app->ui, "%s: not on %s\n", s->bundle.name, only);
	else
		ui_print(app->ui, "%s: on no host%s\n", s->bundle.name,
			 all_answered ? "" : " that answers");
}

static void print_text(const struct app *app, const struct status *s, const json_t *all,
		       bool all_answered)
{
	struct ui *ui = app->ui;
	const json_t *row;
	size_t i;

	print_place(app, s, all_answered);
	if (s->checkpointed)
		ui_print(ui, "  checkpoint to be restored by: cmigrate restore %s\n",
			 s->bundle.name);
	for (i = 1; i < s->list.n; i++)
		ui_print(ui, "  copy      %s on %s\n", s->list.rows[i].state, s->list.rows[i].host);
	const struct cordon *mark =
		s->list.n ? cordons_find(&s->marks, s->list.rows[0].host) : NULL;
	CLEANUP_FREE char *cordoned = mark ? cordon_sentence(mark) : NULL;
	if (cordoned)
		ui_print(ui, "  cordon    %s\n", cordoned);
	ui_print(ui, "  bundle    %s\n", text(all, "bundle"));
	if (s->list.n)
		print_container(ui, &s->list.rows[0]);
	json_array_foreach (json_object_get(all, "addresses"), i, row)
		print_address(ui, row);
	json_array_foreach (json_object_get(all, "endpoints"), i, row)
		print_endpoint(ui, row);
	print_move(ui, s, json_object_get(all, "move"));
	for (i = 0; i < s->replies.n; i++)
		if (!s->replies.rows[i].ok)
			ui_print(ui, "  unreachable %s\n", s->replies.rows[i].host->name);
}

static int unknown(const struct app *app, const struct status *s, struct err *err)
{
	CLEANUP_FREE char *asked = replies_names(&s->replies);
	CLEANUP_FREE char *only = replies_only_host(&s->replies, app->config);
	CLEANUP_FREE char *silent = replies_failures(&s->replies);

	if (only)
		return err_set(err, EXIT_REFUSED, "no container '%s': not on %s", s->bundle.name,
			       only);
	/* A silent host may have it. */
	(void)err_set(err, *silent ? EXIT_FAILED : EXIT_REFUSED, "no container '%s' on %s",
		      s->bundle.name, *asked ? asked : "any host that answers");
	return *silent ? err_append(err, "%s", silent) : -1;
}

static int report(struct app *app, const struct status *s, struct err *err)
{
	if (!status_known(s))
		return unknown(app, s, err);
	json_t *all = status_json(s);
	CLEANUP_FREE char *silent = replies_failures(&s->replies);
	if (ui_is_json(app->ui)) {
		ui_json(app->ui, all);
	} else {
		print_text(app, s, all, !*silent);
		json_decref(all);
	}
	/* A silent host may have a copy or an address. */
	return *silent ? err_set(err, EXIT_FAILED, "%s", silent) : EXIT_DONE;
}

struct status_opts {
	struct argv on;
	bool follow, local;
};

static const struct opt status_table[] = {
	OPT(struct status_opts, on, "on", 0, OPT_STRINGS, "HOST",
	    "ask this host only; repeatable (all known hosts)"),
	OPT(struct status_opts, follow, "follow", 0, OPT_FLAG, NULL,
	    "show a move that runs, until its end"),
	OPT(struct status_opts, local, "local", 0, OPT_FLAG, NULL,
	    "ask this machine alone: the exit code says whether it is here"),
	{.name = NULL},
};

static bool show_event(void *ctx, const json_t *object)
{
	struct event event = {0};

	if (event_read(object, &event) == 0) {
		ui_event(ctx, &event);
		event_clear(&event);
	}
	return false;
}

/* Shows it as the process itself does that makes the move, and ends as that does. */
static int follow(struct app *app, const char *name, const struct argv *hosts, struct err *err)
{
	CLEANUP_STEERED struct steered steered = {0};
	struct summary summary = {0};

	if (steered_find(&steered, app, name, hosts, err) < 0 ||
	    steered_hear(&steered, show_event, app->ui, &summary, err) < 0)
		return -1;
	ui_summary(app->ui, &summary);
	int code = summary.exit_code;
	summary_clear(&summary);
	return code;
}

static int status_run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	CLEANUP_STATUS struct status s = {0};
	const struct status_opts *opts = base;

	if (opts->local && (opts->follow || opts->on.n))
		return err_set(err, EXIT_USAGE, "--local takes neither --on nor --follow");
	if (opts->local)
		return local_report(app, args->v[0], err);
	if (opts->follow)
		return follow(app, args->v[0], &opts->on, err);
	ui_wait(app->ui, "asking the hosts");
	if (status_gather(app, args->v[0], &opts->on, &s, err) < 0)
		return -1;
	return report(app, &s, err);
}

const struct verb verb_status = {
	.name = "status",
	.synopsis = "[OPTIONS] NAME",
	.summary = "show one container in full",
	.details =
		"Shows where it is, where its addresses are, whether its endpoint answers now,\n"
		"and whether a move of it waits for 'recover'. It asks all hosts at once; one\n"
		"that does not answer is shown as unreachable, and the exit code is then 1.\n"
		"--follow shows a move that another process makes, and has its exit code.\n"
		"--local is quick, and needs neither the shared directory nor another host: exit\n"
		"code 0 if the container is here, held by a move or not; 3 if it isn't, or has\n"
		"stopped; 7 if a move has restored it here and isn't committed.\n",
	.opts = status_table,
	.options_size = sizeof(struct status_opts),
	.min_args = 1,
	.max_args = 1,
	.run = status_run,
};
