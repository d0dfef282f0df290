/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/base/name.h"
#include "cmigrate/cli/batch_report.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/fleet/uncordon.h"
#include "cmigrate/history/timeline.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/signals.h"

struct uncordon_opts {
	bool give_back;
	unsigned parallel;
	struct argv skip_checks;
};

/* ---- the report ---- */

static size_t n_back(const struct uncordon *u)
{
	return u->batch.n - batch_count(u->batch.rows, u->batch.n, BATCH_WAITING) -
	       batch_count(u->batch.rows, u->batch.n, BATCH_BUSY) -
	       batch_count(u->batch.rows, u->batch.n, BATCH_GONE) -
	       batch_count_failed(u->batch.rows, u->batch.n);
}

static size_t n_not_back(const struct uncordon *u)
{
	return u->batch.n - n_back(u) + u->unknown.n;
}

static void print_json(const struct uncordon *u, int code)
{
	ui_json(u->caller->ui,
		json_pack("{s:s, s:s, s:s, s:b, s:i, s:i, s:o, s:o, s:o, s:i}", "event", "summary",
			  "command", "uncordon", "host", u->host, "was_cordoned",
			  u->mark.host != NULL, "returned", (int)n_back(u), "failed",
			  (int)n_not_back(u), "left_alone", json_of_words(&u->left_alone),
			  "unknown", json_of_words(&u->unknown), "total_ms",
			  json_of_ms(batch_report_ms(u->start_us)), "exit_code", code));
}

/* "'web' on rhel02, 'db' checkpointed": where they are now. */
static char *where(const struct uncordon *u)
{
	struct buf text = {0};

	for (size_t i = 0; i < u->mark.n_left; i++) {
		const struct cordon_left *left = &u->mark.left[i];
		buf_printf(&text, "%s'%s' %s%s", i ? ", " : "", left->container,
			   left->to ? "on " : "", left->to ? left->to : left->how);
	}
	return buf_steal(&text);
}

static void print_text(const struct uncordon *u)
{
	struct ui *ui = u->caller->ui;
	CLEANUP_FREE char *left = where(u);
	char took[32];

	if (ui_is_quiet(ui))
		return;
	if (!u->mark.host) {
		ui_print(ui, "%s is not cordoned\n", u->host);
		return;
	}
	if (!u->give_back) {
		ui_print(ui, "uncordoned %s%s%s\n", u->host,
			 u->mark.n_left ? "; what left stays: " : "", left);
		return;
	}
	for (size_t i = 0; i < u->left_alone.n; i++)
		ui_print(ui, "'%s' is left alone: it is no longer where it went\n",
			 u->left_alone.v[i]);
	timeline_ms(took, batch_report_ms(u->start_us));
	ui_print(ui, "uncordoned %s: %zu of %zu brought back in %s\n", u->host, n_back(u),
		 u->batch.n + u->unknown.n, took);
}

static void add_names(struct buf *names, const struct uncordon *u)
{
	for (size_t i = 0; i < u->unknown.n; i++)
		buf_printf(names, "%s'%s' (its host does not answer)", names->len ? ", " : "",
			   u->unknown.v[i]);
	for (size_t i = 0; i < u->batch.n; i++) {
		const struct batch_move *m = &u->batch.rows[i];
		if (batch_is_failure(m->outcome) || m->outcome <= BATCH_WAITING ||
		    m->outcome == BATCH_BUSY || m->outcome == BATCH_GONE)
			buf_printf(names, "%s'%s' (%s)", names->len ? ", " : "", m->name,
				   batch_word(m->outcome));
	}
}

static int report(const struct uncordon *u, struct err *err)
{
	int code = n_not_back(u) ? EXIT_SOME : EXIT_DONE;
	CLEANUP_BUF struct buf names = {0};

	batch_report_all(u->caller->ui, u->batch.rows, u->batch.n);
	if (ui_is_json(u->caller->ui))
		print_json(u, code);
	if (code == EXIT_DONE) {
		print_text(u);
		return EXIT_DONE;
	}
	add_names(&names, u);
	return err_set(err, EXIT_SOME,
		       "%s is no longer cordoned, but %zu of %zu are not back: %s; the same "
		       "command tries them again",
		       u->host, n_not_back(u), u->batch.n + u->unknown.n, buf_str(&names));
}

/* ---- the command ---- */

/* A host that is in no configuration any more may still have a mark. */
static int check_host(const struct uncordon *u, struct err *err)
{
	if (u->mark.host || config_find(u->caller->config, u->host))
		return 0;
	return err_set(err, EXIT_USAGE, "no host '%s' in the configuration", u->host);
}

static int run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	const struct uncordon_opts *opts = base;
	CLEANUP_CALLER struct batch_caller caller;
	CLEANUP_UNCORDON struct uncordon u = {.caller = &caller,
					      .host = args->v[0],
					      .give_back = opts->give_back,
					      .parallel = opts->parallel,
					      .start_us = clock_now_us()};

	batch_caller_init(&caller, app);
	/* They were there before, but another of their group may have come. */
	argv_add(&u.options, "--planned");
	if (name_check_host(u.host, err) < 0 ||
	    (opts->give_back && config_need_hosts(app->config, 2, err) < 0) ||
	    batch_check_options(opts->parallel, &opts->skip_checks, false, &u.options, err) < 0)
		return -1;
	signals_watch();
	ui_wait(app->ui, "asking the hosts");
	if (uncordon_run(&u, err) < 0 || check_host(&u, err) < 0)
		return -1;
	return report(&u, err);
}

#define ROW(member, name, kind, arg, help)                                                         \
	OPT(struct uncordon_opts, member, name, 0, kind, arg, help)

static const struct opt table[] = {
	ROW(give_back, "return", OPT_FLAG, NULL, "bring back what left while it was cordoned"),
	ROW(parallel, "parallel", OPT_COUNT, "N", "moves out of and into a host at once (2)"),
	ROW(skip_checks, "skip-check", OPT_STRINGS, "ID[,ID]", "leave out checks; repeatable"),
	{.name = NULL},
};

const struct verb verb_uncordon = {
	.name = "uncordon",
	.synopsis = "[OPTIONS] HOST",
	.summary = "let containers be moved to a host again; bring back what left",
	.details =
		"Ends what 'drain --cordon' began. With --return it brings back what left the\n"
		"host by 'drain' meanwhile and is still where it went: moves it, restores what\n"
		"was checkpointed, starts what was stopped. Whatever was moved on or ended since\n"
		"is left alone. A second run continues. Exit code 8 names each one not back.",
	.opts = table,
	.options_size = sizeof(struct uncordon_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
