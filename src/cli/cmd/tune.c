/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/steered.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/move/move.h"

struct tune_opts {
	struct argv on;
	unsigned max_downtime_ms;
	unsigned long long bandwidth;
	bool post_copy;
};

struct hearing {
	const char *wish;
	char answer[16]; /* "": none yet */
};

static bool is_answer(void *ctx, const json_t *event)
{
	struct hearing *h = ctx;
	const char *wish = json_string_value(json_object_get(event, "wish"));
	const char *answer = json_string_value(json_object_get(event, "answer"));

	if (!wish || !answer || strcmp(wish, h->wish) != 0 || strlen(answer) >= sizeof(h->answer))
		return false;
	memcpy(h->answer, answer, strlen(answer) + 1);
	return true;
}

static bool is(const struct hearing *h, enum wish_answer answer)
{
	return strcmp(h->answer, wish_answer_word(answer)) == 0;
}

/* A move that is over without an answer was past all its decisions too. */
static int judge(const struct hearing *h, const char *name, struct err *err)
{
	if (is(h, WISH_TAKEN))
		return 0;
	if (is(h, WISH_REFUSED))
		return err_set(err, EXIT_REFUSED,
			       "the move of '%s' has no use for it: a budget and --post-copy are "
			       "for pre-copy, --bandwidth is for memory that goes straight from "
			       "host to host",
			       name);
	return err_set(err, EXIT_FAILED,
		       "too late: the move of '%s' has made its last decision about that", name);
}

static void tell(struct app *app, const struct steered *st, const struct hearing *h,
		 const struct err *err)
{
	const char *name = st->status.bundle.name;
	bool taken = is(h, WISH_TAKEN);

	if (ui_is_json(app->ui))
		ui_json(app->ui, json_pack("{s:s, s:s, s:s?, s:s, s:i, s:s?}", "event", "tune",
					   "container", name, "move", st->id, "answer",
					   *h->answer ? h->answer : wish_answer_word(WISH_LATE),
					   "exit_code", taken ? EXIT_DONE : (int)err->code, "error",
					   taken ? NULL : err->msg));
	else if (taken && !ui_is_quiet(app->ui))
		ui_print(app->ui, "tuned '%s': its next decision uses it\n", name);
}

static int tune_run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	const struct tune_opts *opts = base;
	CLEANUP_STEERED struct steered st = {0};
	CLEANUP_WISH struct wish wish = {0};
	struct summary end = {0};

	if (!opts->max_downtime_ms && !opts->post_copy && !opts->bandwidth)
		return err_set(err, EXIT_USAGE,
			       "nothing to change: --max-downtime, --bandwidth or --post-copy");
	if (opts->bandwidth && opts->bandwidth < BANDWIDTH_MIN)
		return err_set(err, EXIT_USAGE, "--bandwidth: at least 64K");
	if (steered_find(&st, app, args->v[0], &opts->on, err) < 0)
		return -1;
	wish_init(&wish);
	wish.max_downtime_ms = opts->max_downtime_ms;
	wish.post_copy = opts->post_copy;
	wish.bandwidth = opts->bandwidth;
	struct hearing hearing = {.wish = wish.id};
	int status = steered_wish(&st, &wish, &end, err);
	if (status == 0)
		status = steered_hear(&st, is_answer, &hearing, &end, err);
	summary_clear(&end);
	if (status < 0)
		return -1;
	status = judge(&hearing, args->v[0], err);
	tell(app, &st, &hearing, err);
	return status < 0 ? -1 : EXIT_DONE;
}

static const struct opt table[] = {
	OPT(struct tune_opts, on, "on", 0, OPT_STRINGS, "HOST",
	    "ask this host only; repeatable (all known hosts)"),
	OPT(struct tune_opts, max_downtime_ms, "max-downtime", 0, OPT_COUNT, "MS",
	    "freeze budget from now on"),
	OPT(struct tune_opts, bandwidth, "bandwidth", 0, OPT_SIZE, "RATE",
	    "bytes a second of memory that goes straight to the other host"),
	OPT(struct tune_opts, post_copy, "post-copy", 0, OPT_FLAG, NULL,
	    "let the rest of the memory follow: pre-copy becomes hybrid"),
	{.name = NULL},
};

const struct verb verb_tune = {
	.name = "tune",
	.synopsis = "OPTIONS NAME",
	.summary = "change a move that runs, from any host",
	.details =
		"Tells the process that moves NAME, wherever it runs, what its next decision is\n"
		"to use, and waits until it knows. Exit code 1 if that was too late: the passes\n"
		"have ended, or all memory is there; 3 if the move has no use for it.\n",
	.opts = table,
	.options_size = sizeof(struct tune_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = tune_run,
};
