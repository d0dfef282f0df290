/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/check_report.h"
#include "cmigrate/base/name.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/move/signals.h"
#include "cmigrate/move/step_tables.h"

struct half_opts {
	struct move_opts move;
	char *on;
};

#define ROW(member, name, kind, arg, help) OPT(struct half_opts, member, name, 0, kind, arg, help)

static void say_done(const struct app *app, const struct move *move)
{
	if (!ui_is_json(app->ui) && !ui_is_quiet(app->ui))
		ui_print(app->ui, "%s '%s' on %s: '%s'\n",
			 move->kind == MOVE_RESTORE ? "restored" : "checkpointed",
			 move->bundle.name, move->side[SOURCE].name, move->image_dir);
}

/* Sets the error: the reason, and where the container is now. Returns -1. */
static int say_failure(const struct move *move, enum exit_code code, struct err *err)
{
	const char *why = move->summary.error ? move->summary.error : "it failed";

	(void)err_set(err, code, "container '%s': %s", move->bundle.name, why);
	if (move->kind == MOVE_RESTORE && code == EXIT_FAILED)
		return err_append(err, "its images stay: '%s'", move->image_dir);
	return code == EXIT_UNDONE
		       ? err_append(err, "it runs on %s as before", move->side[SOURCE].name)
		       : -1;
}

static int run_half(struct app *app, struct half_opts *opts, enum move_kind kind, const char *name,
		    struct err *err)
{
	struct move *move = NULL;

	if (opts->move.keep && !opts->move.leave_running)
		return err_set(err, EXIT_USAGE, "--keep needs --leave-running");
	if (opts->move.at && name_check_id(opts->move.at, err) < 0)
		return err_wrap(err, "--at");
	signals_watch();
	int status = move_half_new(app->config, &opts->move, kind, name, opts->on, app->events,
				   &move, err);
	refusal_report(app->ui, move, status, err);
	if (status == 0) {
		check_warnings(app->events, &move->checks);
		status = (int)engine_run(strategy_of(move), move, err);
		/*
		 * The container did not run before a restore, so an undone restore changed nothing.
		 */
		if (kind == MOVE_RESTORE && status == EXIT_UNDONE)
			status = move->summary.exit_code = EXIT_FAILED;
		if (ui_is_json(app->ui))
			ui_summary(app->ui, &move->summary);
		else if (status == EXIT_DONE)
			say_done(app, move);
		else
			status = say_failure(move, (enum exit_code)status, err);
	}
	move_free(move);
	return status;
}

static int run_checkpoint(struct app *app, void *base, const struct argv *args, struct err *err)
{
	return run_half(app, base, MOVE_CHECKPOINT, args->v[0], err);
}

static int run_restore(struct app *app, void *base, const struct argv *args, struct err *err)
{
	return run_half(app, base, MOVE_RESTORE, args->v[0], err);
}

static const struct opt checkpoint_table[] = {
	ROW(on, "on", OPT_STRING, "HOST", "host that has the container (found by asking)"),
	ROW(move.leave_running, "leave-running", OPT_FLAG, NULL,
	    "let it go on: one more of its checkpoints, with an id"),
	ROW(move.keep, "keep", OPT_COUNT, "N",
	    "with --leave-running: remove all but the newest N of them"),
	ROW(move.file_locks, "file-locks", OPT_FLAG, NULL, "it takes file locks now and then"),
	ROW(move.ext_unix_sk, "ext-unix-sk", OPT_FLAG, NULL, "passed on to runc"),
	ROW(move.shell_job, "shell-job", OPT_FLAG, NULL, "passed on to runc"),
	ROW(move.link_remap, "link-remap", OPT_FLAG, NULL, "passed on to runc"),
	ROW(move.ghost_limit, "ghost-limit", OPT_SIZE, "SIZE",
	    "passed on to criu: copy deleted files up to this size"),
	ROW(move.skip_checks, "skip-check", OPT_STRINGS, "ID[,ID]", "leave out checks; repeatable"),
	ROW(move.strict, "strict", OPT_FLAG, NULL, "refuse where a check only warns"),
	{.name = NULL},
};

static const struct opt restore_table[] = {
	ROW(on, "on", OPT_STRING, "HOST", "host to restore it on (this machine)"),
	ROW(move.at, "at", OPT_STRING, "ID",
	    "checkpoint to restore, of 'list --checkpoints' (the newest)"),
	ROW(move.keep_images, "keep-images", OPT_FLAG, NULL, "keep the images, as a backup"),
	ROW(move.fenced, "fenced", OPT_STRINGS, "HOST",
	    "host that is certainly off: it is not asked; repeatable"),
	ROW(move.force, "force", OPT_FLAG, NULL, "restore it even on a cordoned host"),
	ROW(move.tcp_established, "tcp-established", OPT_FLAG, NULL,
	    "keep connections that were open at the checkpoint"),
	ROW(move.addresses, "address", OPT_STRINGS, "CIDR[@DEVICE]", "service address; repeatable"),
	ROW(move.endpoints, "endpoint", OPT_STRINGS, "URL",
	    "URL that must answer afterwards; repeatable"),
	ROW(move.timeout, "timeout", OPT_COUNT, "SECONDS",
	    "how long to wait for the endpoint (30)"),
	ROW(move.ext_unix_sk, "ext-unix-sk", OPT_FLAG, NULL, "passed on to runc"),
	ROW(move.shell_job, "shell-job", OPT_FLAG, NULL, "passed on to runc"),
	{.name = NULL},
};

const struct verb verb_checkpoint = {
	.name = "checkpoint",
	.synopsis = "[OPTIONS] NAME",
	.summary = "write a running container's state into its bundle and end it",
	.details =
		"The images go to NAME's bundle, directory 'checkpoint', and are on disk before\n"
		"the container is ended. 'cmigrate restore NAME' resumes it, on any host. With\n"
		"--leave-running it is frozen for a moment only, and the images stay as one of\n"
		"its checkpoints, to be restored after the loss of its host.",
	.opts = checkpoint_table,
	.options_size = sizeof(struct half_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = run_checkpoint,
};

const struct verb verb_restore = {
	.name = "restore",
	.synopsis = "[OPTIONS] NAME",
	.summary = "resume a checkpointed container",
	.details = "The images are removed after its endpoint has answered; a restore that fails\n"
		   "leaves them. The images of 'checkpoint --leave-running' stay in any case.\n"
		   "Connections that were open at the checkpoint are closed.",
	.opts = restore_table,
	.options_size = sizeof(struct half_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = run_restore,
};
