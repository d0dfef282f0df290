/* SPDX-License-Identifier: MIT */
#include "cli/checkpoints.h"
#include "cli/status.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/container.h"
#include "cmigrate/host/ask_all.h"
#include "cmigrate/host/config.h"

static int ask_hosts(const struct app *app, const struct argv *args, struct replies *ret,
		     struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};
	char *argv[] = {"list", "op=plain", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = ASK_TIMEOUT_MS, .limit = LIST_LIMIT};

	for (size_t i = 0; i < args->n; i++)
		if (!argv_has(&names, args->v[i]))
			argv_add(&names, args->v[i]);
	if (!args->n)
		ask_all_names(app->config, false, &names);
	return ask_all(app->config, &names, &cmd, app->events, ret, err);
}

static json_t *text_or_null(const char *text)
{
	return json_of_text(*text ? text : NULL);
}

static void print_json(struct ui *ui, const struct container *c)
{
	CLEANUP_FREE char *ips = container_ips(c), *urls = container_urls(c);

	ui_json(ui, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "name", c->name,
			      "host", c->host, "state", c->state, "address", text_or_null(ips),
			      "endpoint", text_or_null(urls), "memory_bytes",
			      json_of_number(c->memory), "created", text_or_null(c->created),
			      "age_seconds", json_of_number(c->age), "bundle",
			      text_or_null(c->bundle), "in_move", c->in_move));
}

static void add_row(struct ui_table *table, const struct container *c)
{
	CLEANUP_FREE char *ips = container_ips(c), *urls = container_urls(c);
	CLEANUP_FREE char *state = str_fmt("%s%s", c->state, c->in_move ? ", in a move" : "");
	char memory[16] = "-", age[24];

	if (c->memory >= 0)
		ui_bytes(memory, (unsigned long long)c->memory);
	container_age(age, c->age);
	ui_table_row(table, (const char *const[]){c->name, c->host, state, *ips ? ips : "-",
						  *urls ? urls : "-", memory, age});
}

static void print_unreachable_json(struct ui *ui, const struct replies *replies)
{
	for (size_t i = 0; i < replies->n; i++)
		if (!replies->rows[i].ok)
			ui_json(ui, json_pack("{s:n, s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:n, s:n}",
					      "name", "host", replies->rows[i].host->name, "state",
					      "unreachable", "address", "endpoint", "memory_bytes",
					      "created", "age_seconds", "bundle", "in_move"));
}

/* A host that was asked, and is cordoned. */
static const struct cordon *mark_of(const struct replies *replies, const struct cordons *marks,
				    size_t i)
{
	return cordons_find(marks, replies->rows[i].host->name);
}

static void print_marks_json(struct ui *ui, const struct replies *replies,
			     const struct cordons *marks)
{
	for (size_t i = 0; i < replies->n; i++) {
		const struct cordon *mark = mark_of(replies, marks, i);
		if (mark)
			ui_json(ui, json_pack("{s:n, s:s, s:s, s:o}", "name", "host",
					      replies->rows[i].host->name, "state", "cordoned",
					      "cordon", status_mark_json(mark)));
	}
}

static void print_marks(struct ui *ui, const struct replies *replies, const struct cordons *marks)
{
	for (size_t i = 0; i < replies->n; i++) {
		const struct cordon *mark = mark_of(replies, marks, i);
		CLEANUP_FREE char *sentence = mark ? cordon_sentence(mark) : NULL;
		if (sentence)
			ui_print(ui, "%s\n", sentence);
	}
}

static void print_table(struct ui *ui, const struct containers *list, const struct replies *replies)
{
	struct ui_table *table = ui_table_new((const char *const[]){
		"NAME", "HOST", "STATE", "ADDRESS", "ENDPOINT", "MEMORY", "AGE", NULL});

	for (size_t i = 0; i < list->n; i++)
		add_row(table, &list->rows[i]);
	for (size_t i = 0; i < replies->n; i++)
		if (!replies->rows[i].ok)
			ui_table_row(table,
				     (const char *const[]){"-", replies->rows[i].host->name,
							   "unreachable", "-", "-", "-", "-"});
	ui_table_print(ui, table);
}

struct list_opts {
	bool checkpoints;
};

static const struct opt list_table[] = {
	OPT(struct list_opts, checkpoints, "checkpoints", 0, OPT_FLAG, NULL,
	    "show checkpoints; the arguments are names of containers"),
	{.name = NULL},
};

static int list_run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	const struct list_opts *opts = base;
	CLEANUP_REPLIES struct replies replies = {0};
	CLEANUP_CONTAINERS struct containers list = {0};
	CLEANUP_CORDONS struct cordons marks = {0};

	if (opts->checkpoints)
		return checkpoints_report(app, args, err);
	ui_wait(app->ui, "asking the hosts");
	if (ask_hosts(app, args, &replies, err) < 0)
		return -1;
	status_collect(&replies, &list, &marks);
	containers_sort(&list);
	if (ui_is_json(app->ui)) {
		for (size_t i = 0; i < list.n; i++)
			print_json(app->ui, &list.rows[i]);
		print_unreachable_json(app->ui, &replies);
		print_marks_json(app->ui, &replies, &marks);
	} else {
		print_table(app->ui, &list, &replies);
		print_marks(app->ui, &replies, &marks);
	}
	CLEANUP_FREE char *silent = replies_failures(&replies);
	return *silent ? err_set(err, EXIT_FAILED, "%s", silent) : EXIT_DONE;
}

const struct verb verb_list = {
	.name = "list",
	.synopsis = "[OPTIONS] [HOST...]",
	.summary = "show every container on every known host",
	.details = "Asks the named hosts, or all hosts of the configuration, or this machine if\n"
		   "there is none. A host that does not answer is shown as unreachable, and the\n"
		   "exit code is then 1. MEMORY is what no file backs: a move has to copy it.\n"
		   "Cordoned hosts are named below the table: who did it, when, and why.\n"
		   "--checkpoints [NAME...] shows the checkpoints that have left their container\n"
		   "running, the newest first: 'restore --at ID NAME' takes one.\n",
	.opts = list_table,
	.options_size = sizeof(struct list_opts),
	.max_args = 1024,
	.run = list_run,
};
