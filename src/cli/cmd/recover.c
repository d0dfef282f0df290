/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/bundle_root.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/hook.h"
#include "cmigrate/host/remote_path.h"
#include "cmigrate/move/hooks.h"
#include "cmigrate/move/recover.h"
#include "cmigrate/move/signals.h"

/* Covers the lock of a cmigrate that was killed a moment ago. */
#define LOCK_MS 3000
#define LOCK_TICK_MS 50

struct recover_opts {
	bool all, take_source;
	struct argv fenced;
	char *on;
};

/* The recovery of one container, on the host through which its shared directory is reached. */
struct recovery_job {
	struct app *app;
	const struct recover_opts *opts;
	struct host *host;
};

/* Nobody knows whether the container has something to recover. Returns -1. */
static int unseen(struct err *err)
{
	if (err->code == EXIT_FAILED)
		err->code = EXIT_IN_DOUBT;
	return err_append(err, "it is unknown whether a move was interrupted; try again when the "
			       "journal can be read");
}

static int fence_hosts(const struct recover_opts *opts, struct move *move, struct err *err)
{
	for (size_t i = 0; i < opts->fenced.n; i++) {
		const char *name = opts->fenced.v[i];
		/* A checkpoint or restore has one host in both roles. */
		bool source = strcmp(name, move->side[SOURCE].name) == 0;
		bool destination = strcmp(name, move->side[DESTINATION].name) == 0;
		move->side[SOURCE].host->fenced = move->side[SOURCE].host->fenced || source;
		move->side[DESTINATION].host->fenced =
			move->side[DESTINATION].host->fenced || destination;
		if (!source && !destination && !opts->all)
			return err_set(err, EXIT_USAGE, "--fenced %s: the move was from %s to %s",
				       name, move->side[SOURCE].name, move->side[DESTINATION].name);
	}
	return 0;
}

/* Runs the configured hook. Its success means that the host is off. */
static bool fence_by_hook(struct recovery_job *job, const char *name)
{
	const struct argv *hook = &job->app->config->hook_fence;
	struct err why = ERR_INIT;

	if (!hook->n)
		return false;
	if (hook_run(hook, name, NULL, job->app->events, &why) == 0)
		return true;
	event_note(job->app->events, "%s", why.msg);
	return false;
}

static bool is_silent(const struct host *host)
{
	return host->lost && !host->fenced;
}

/*
 * Fences one of the two hosts if it did not answer. Returns true if that may change the decision.
 * If neither answers, this machine is more likely to be cut off.
 */
static bool fence_silent(struct recovery_job *job, struct move *move)
{
	struct host *hosts[] = {move->side[SOURCE].host, move->side[DESTINATION].host};
	bool fenced = false;

	if (!move->recovery.undecided ||
	    (is_silent(hosts[0]) && is_silent(hosts[1]) && move->kind == MOVE_WHOLE))
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (!is_silent(hosts[i]) || !fence_by_hook(job, hosts[i]->name))
			continue;
		hosts[i]->fenced = true;
		fenced = true;
	}
	return fenced;
}

static void report(struct recovery_job *job, const struct move *move, enum exit_code code)
{
	const struct summary *s = &move->summary;

	if (ui_is_json(job->app->ui)) {
		ui_summary(job->app->ui, s);
		return;
	}
	if (code != EXIT_DONE || ui_is_quiet(job->app->ui))
		return;
	bool back = s->outcome && strcmp(s->outcome, "undone") == 0;
	if (move->kind == MOVE_CHECKPOINT && !back) {
		ui_print(job->app->ui, "finished '%s': its checkpoint is '%s'\n", move->bundle.name,
			 move->image_dir);
		return;
	}
	ui_print(job->app->ui, "%s '%s': it runs on %s\n", back ? "undone" : "finished",
		 move->bundle.name, back ? move->side[SOURCE].name : move->side[DESTINATION].name);
}

/* Runs the recovery between its hooks, with the lock held. */
static int settle(struct recovery_job *job, const struct bundle *bundle,
		  const struct state_dir *state_dir, const struct journal_state *state,
		  struct err *err)
{
	struct move *move = NULL;
	int status = journal_mend(state_dir, state, err);

	if (status == 0)
		status = move_from_json(state->move, bundle, job->app->config, job->app->events,
					&move, err);
	if (status == 0)
		status = fence_hosts(job->opts, move, err);
	if (status == 0) {
		/* The journal stays where it was found, even if that host is neither of the two.
		 */
		move->journal.state_dir = state_dir;
		move->recovery.take_source = job->opts->take_source;
		status = (int)recover_move(move, state->committed, err);
		if (status == EXIT_IN_DOUBT && fence_silent(job, move)) {
			*err = (struct err)ERR_INIT;
			status = (int)recover_move(move, state->committed, err);
		}
		move->summary.exit_code = status;
		if (move->kind == MOVE_WHOLE && status != EXIT_IN_DOUBT)
			app_hook_after(job->app, move);
		report(job, move, (enum exit_code)status);
	}
	move_free(move);
	return status;
}

/* Without a journal the hosts and process tags are unknown; a guess could end the only copy. */
static int journal_damaged(const struct bundle *bundle, struct err *err)
{
	err->code = EXIT_IN_DOUBT;
	(void)err_wrap(err, "container '%s'", bundle->name);
	return err_append(err,
			  "it is unknown what the move had begun; look at the hosts with "
			  "'cmigrate status %s', leave one copy running, and remove "
			  "'%s/.cmigrate/" JOURNAL_FILE "'",
			  bundle->name, bundle->dir);
}

static int recover_locked(struct recovery_job *job, const struct bundle *bundle,
			  const struct state_dir *state_dir, struct err *err)
{
	struct journal_state state = {0};

	if (journal_load(state_dir, &state, err) < 0)
		return err->code == EXIT_BUSY ? journal_damaged(bundle, err) : unseen(err);
	int status = EXIT_DONE;
	if (!state.found) {
		if (!job->opts->all)
			event_note(job->app->events, "no interrupted move of '%s'", bundle->name);
	} else if (!state.move) {
		event_note(job->app->events,
			   "a move of '%s' was interrupted before it changed anything",
			   bundle->name);
		status = state_dir_remove(state_dir, JOURNAL_FILE, err);
	} else {
		status = settle(job, bundle, state_dir, &state, err);
	}
	journal_state_clear(&state);
	return status;
}

/*
 * After a cmigrate was killed, its lock is held until its last child has exited, a moment later.
 * With --all a locked container is skipped.
 */
static int take_lock(const struct recovery_job *job, const struct state_dir *state_dir,
		     struct state_dir_lock *lock, struct err *err)
{
	int64_t end = deadline_in_ms(job->opts->all ? 0 : LOCK_MS);

	for (;;) {
		struct err why = ERR_INIT;
		if (state_dir_lock(state_dir, lock, &why) == 0)
			return 0;
		if (why.code != EXIT_BUSY || move_cancelled || deadline_passed(end)) {
			*err = why;
			return why.code == EXIT_BUSY ? -1 : unseen(err);
		}
		clock_sleep_ms(LOCK_TICK_MS);
	}
}

static int has_bundle(const struct recovery_job *job, const struct bundle *bundle, struct err *err)
{
	bool there = false;

	if (path_is_directory(job->host, bundle->name, &there, err) < 0)
		return unseen(err);
	return there ? 0
		     : err_set(err, EXIT_FAILED, "%s has no '%s'", job->host->name, bundle->dir);
}

static int recover_one(struct recovery_job *job, const char *name, struct err *err)
{
	struct bundle bundle;
	struct state_dir state_dir;
	struct state_dir_lock lock = {0};

	if (bundle_init(&bundle, app_bundle_root(job->app), name, err) < 0)
		return -1;
	state_dir_init(&state_dir, job->host, bundle.dir);
	int status =
		has_bundle(job, &bundle, err) < 0 ? -1 : take_lock(job, &state_dir, &lock, err);
	if (status == 0)
		status = recover_locked(job, &bundle, &state_dir, err);
	else
		(void)err_wrap(err, "container '%s'", name);
	state_dir_unlock(&lock);
	state_dir_clear(&state_dir);
	bundle_clear(&bundle);
	return status;
}

static int recover_all(struct recovery_job *job, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};
	int worst = EXIT_DONE;

	if (bundle_root_with(job->host, JOURNAL_FILE, &names, err) < 0)
		return unseen(err);
	for (size_t i = 0; i < names.n; i++) {
		struct err why = ERR_INIT;
		if (move_cancelled)
			return err_set(err, EXIT_FAILED, "stopped by a signal before '%s'",
				       names.v[i]);
		int status = recover_one(job, names.v[i], &why);
		int code = status < 0 ? (int)why.code : status;
		if (code == EXIT_DONE)
			continue;
		/* A move that is under way is no failure of its recovery. */
		if (code == EXIT_BUSY)
			continue;
		ui_error(job->app->ui, &why);
		worst = code > worst ? code : worst;
	}
	return worst;
}

static int run(struct app *app, void *base, const struct argv *args, struct err *err)
{
	const struct recover_opts *opts = base;

	if (opts->all == (args->n == 1))
		return err_set(err, EXIT_USAGE, "give either a container's name or --all");
	CLEANUP_HOST struct host *host =
		bundle_root_host(app->config, app_bundle_root(app), opts->on, app->events, err);
	if (!host)
		return err->code == EXIT_FAILED ? unseen(err) : -1;
	signals_watch();
	struct recovery_job job = {app, opts, host};
	if (opts->all)
		return recover_all(&job, err);
	int status = recover_one(&job, args->v[0], err);
	/* A caller prints the error only for -1, so print it here for an exit code. */
	if (status > EXIT_DONE)
		ui_error(app->ui, err);
	return status;
}

#define ROW(member, name, kind, arg, help)                                                         \
	OPT(struct recover_opts, member, name, 0, kind, arg, help)

static const struct opt table[] = {
	ROW(all, "all", OPT_FLAG, NULL, "every container with an interrupted move"),
	ROW(fenced, "fenced", OPT_STRINGS, "HOST",
	    "host that is certainly off: nothing runs there; repeatable"),
	ROW(take_source, "take-source", OPT_FLAG, NULL,
	    "if the move was committed and the destination is gone: take the source's older copy"),
	ROW(on, "on", OPT_STRING, "HOST",
	    "host with the shared directory, if this machine lacks it"),
	{.name = NULL},
};

const struct verb verb_recover = {
	.name = "recover",
	.synopsis = "[OPTIONS] NAME | --all",
	.summary = "finish or undo an interrupted move",
	.details =
		"Asks both hosts what runs there and continues the move: forward if the copy on\n"
		"the destination runs, back if only the source has one. Exit code 6 as long as\n"
		"a host that may run a copy does not answer.",
	.opts = table,
	.options_size = sizeof(struct recover_opts),
	.acts = true,
	.max_args = 1,
	.run = run,
};
