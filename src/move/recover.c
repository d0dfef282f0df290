/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/recover.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/container/generations.h"
#include "cmigrate/move/step_tables.h"
#include "part.h"

#define ASK_MS 15000
/* A restore that is still under way when its controller died ends by its own deadline at the
 * latest. */
#define RESTORE_END_MS 15000

static bool is(const char *status, const char *word)
{
	return strcmp(status, word) == 0;
}

/* Ends what the dead controller had started there; unknown hosts are found out by it. */
static bool fence(const struct move *move, struct host *host, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_add(&a, "fence");
	argv_addf(&a, "container=%s", move->bundle.name);
	argv_addf(&a, "id=%s", move->id);
	return host_run(host, &(struct command){.argv = a.v, .timeout_ms = ASK_MS}, err) == 0;
}

/* A restore that goes on without its controller is let end: then its outcome is known. On the
 * source too: there a recovery restores. */
static void await_restore(const struct runtime *rt)
{
	struct err unused = ERR_INIT;

	(void)runtime_await(rt, "restore", RESTORE_END_MS, &unused);
}

/* The status of the container on a host, once nothing of the dead controller goes on there. Owned
 * by the caller. NULL: not known, and *err says why. */
static char *ask_host(const struct move *move, const struct runtime *rt, struct err *err)
{
	char *status = NULL;

	if (!fence(move, rt->host, err))
		return NULL;
	await_restore(rt);
	return runtime_status(rt, &status, err) == 0 ? status : NULL;
}

/* An NFS server that is away for a moment must not pass for images that were never finished. */
static enum recover_images images_on(const struct move *move, struct host *host)
{
	struct runtime there = move->side[DESTINATION].runtime;
	CLEANUP_JOB struct job job = {0};
	struct err unused = ERR_INIT;

	there.host = host;
	if (runtime_images_start(&there, move_is_direct(move), &job, &unused) < 0)
		return IMAGES_UNKNOWN;
	job_wait(&job);
	if (job.lost || job.timed_out || job.status > 1)
		return IMAGES_UNKNOWN;
	return job.status ? IMAGES_NONE : IMAGES_COMPLETE;
}

/* If memory went straight to the destination, only that host has it. The host that has the journal
 * sees the shared directory too. */
static enum recover_images images_anywhere(const struct move *move)
{
	const struct side *src = &move->side[SOURCE];
	struct host *hosts[] = {move->side[DESTINATION].host, src->host,
				move->journal.state_dir->host};
	bool seen = false, unseen = false;

	if (move_is_direct(move))
		return move->side[DESTINATION].host->fenced
			       ? IMAGES_NONE
			       : images_on(move, move->side[DESTINATION].host);
	for (size_t i = 0; i < 3; i++) {
		if (hosts[i]->fenced)
			continue;
		enum recover_images there = images_on(move, hosts[i]);
		if (there == IMAGES_COMPLETE)
			return there;
		seen = seen || there == IMAGES_NONE;
		unseen = unseen || there == IMAGES_UNKNOWN;
	}
	return seen && !unseen ? IMAGES_NONE : IMAGES_UNKNOWN;
}

/* The images of post-copy lack the memory. */
static enum recover_images images_left(const struct move *move)
{
	if (move_is_post_copy(move))
		return IMAGES_NONE;
	int went_on = move->kind == MOVE_RESTORE ? 0 : runtime_went_on(&move->side[SOURCE].runtime);
	return recover_way_back(went_on, went_on > 0 ? IMAGES_NONE : images_anywhere(move));
}

/* Only a restore that is surely undone may be tried on another host. */
static bool is_taken_back(enum exit_code code)
{
	return code == EXIT_UNDONE || code == EXIT_FAILED;
}

/* A restore that was asked for on this host alone and fails: as if it had never begun. */
static enum exit_code end_restore(struct move *move, const struct err *why, struct err *err)
{
	struct err unended = ERR_INIT;

	*err = *why;
	if (!*err->msg)
		(void)err_set(err, EXIT_FAILED, "%s is off", move->side[DESTINATION].name);
	(void)err_append(err, "its images stay: '%s'", move->image_dir);
	str_set(&move->summary.outcome, "undone");
	if (move->progress.left || journal_end(&move->journal, &unended) < 0)
		return err->code = EXIT_IN_DOUBT;
	return err->code = EXIT_FAILED;
}

/* A copy that lacks memory which went with the source would wait for it for ever. */
static void end_orphan(const struct move *move, const struct runtime *src,
		       const struct runtime *dst)
{
	struct err unheard = ERR_INIT;

	if (move_is_post_copy(move) && !post_copy_may_come(&move->page_server, src))
		(void)post_copy_cut(&move->page_server, dst, &unheard);
}

static enum exit_code settle_lost(struct move *move, const char *why, struct err *err)
{
	struct err unheard = ERR_INIT;

	/* The images of a restore belong to the operator. */
	move->plan.keep_images = move->plan.keep_images || move->kind == MOVE_RESTORE;
	enum exit_code code = engine_forward(&strategy_tidy, move, err);

	/* The source may be off, so the host that has the journal removes what is unfinished. */
	if (move->plan.leave_running)
		(void)generations_sweep(move->journal.state_dir->host, move->bundle.name, &unheard);
	if (code != EXIT_DONE)
		return code;
	str_set(&move->summary.outcome, "lost");
	(void)err_set(err, EXIT_LOST, "'%s' runs nowhere: %s; 'cmigrate run %s' starts it anew",
		      move->bundle.name, why, move->bundle.name);
	str_set(&move->summary.error, err->msg);
	return EXIT_LOST;
}

/* It was restored on a host, went on there and came to its end: older images are no way back. */
static enum exit_code settle_ended(struct move *move, struct err *err)
{
	CLEANUP_FREE char *why = str_fmt("restored from its images on %s, it ended by itself",
					 move->side[DESTINATION].name);

	*err = (struct err)ERR_INIT;
	return settle_lost(move, why, err);
}

/* Both hosts have answered, and neither can: nothing was changed, and the images are still there.
 */
static enum exit_code unrestored(struct move *move, const struct err *there, struct err *err)
{
	if (*there->msg)
		(void)err_append(err, "and %s: %s", move->side[DESTINATION].name, there->msg);
	if (err->code == EXIT_IN_DOUBT)
		return EXIT_IN_DOUBT;
	(void)err_append(err, "its images stay for another try: '%s'", move->image_dir);
	str_set(&move->summary.outcome, "in-doubt");
	return err->code = EXIT_FAILED;
}

/* Neither host has it, the images are there: on the destination first, else back on the source. */
static enum exit_code restore_anywhere(struct move *move, struct err *err)
{
	struct err first = ERR_INIT;
	enum exit_code there = EXIT_UNDONE;

	move->recovery.keep_journal = true;
	/* Nobody has it: an endpoint that stays silent is no reason to end it again. */
	move->plan.keep_silent = true;
	if (!move->side[DESTINATION].host->fenced)
		there = engine_resume(&strategy_from_images, "prepare", move, &first);
	if (move->kind == MOVE_RESTORE && is_taken_back(there))
		return end_restore(move, &first, err);
	if (is_taken_back(there) && move->progress.copy_ended)
		return settle_ended(move, err);
	/* Memory that went straight to the destination is there alone. */
	if (!is_taken_back(there) || move->side[SOURCE].host->fenced || move_is_direct(move)) {
		*err = first;
		if (!*first.msg)
			(void)err_set(err, EXIT_IN_DOUBT, "'%s': no host is left to restore it on",
				      move->bundle.name);
		return is_taken_back(there) ? EXIT_IN_DOUBT : there;
	}
	move_swap(move);
	enum exit_code code = engine_resume(&strategy_return_from_images, "prepare", move, err);
	bool ended = is_taken_back(code) && move->progress.copy_ended;
	if (ended)
		code = settle_ended(move, err);
	move_swap(move);
	if (code == EXIT_DONE)
		str_set(&move->summary.outcome, "undone");
	return code == EXIT_DONE || ended ? code : unrestored(move, &first, err);
}

/* Committed: the source's copy ends, whatever became of the destination's since. */
static enum exit_code settle_forward(struct move *move, const char *destination_status,
				     struct err *err)
{
	enum exit_code code = engine_forward(strategy_of(move), move, err);

	if (code != EXIT_DONE || move->kind == MOVE_CHECKPOINT ||
	    is(destination_status, "running") || is(destination_status, "paused"))
		return code;
	str_set(&move->summary.outcome, "lost");
	(void)err_set(
		err, EXIT_LOST,
		"'%s' runs nowhere: it was moved to %s, and ended there or went down with its "
		"host; 'cmigrate run %s' starts it anew",
		move->bundle.name, move->side[DESTINATION].name, move->bundle.name);
	return EXIT_LOST;
}

static enum exit_code doubt(struct move *move, const char *why, struct err *err)
{
	(void)err_set(
		err, EXIT_IN_DOUBT,
		"'%s': %s; run 'cmigrate recover %s' again when it can, or with --fenced HOST "
		"once it is surely off",
		move->bundle.name, why, move->bundle.name);
	str_set(&move->summary.outcome, "in-doubt");
	summary_set_error(&move->summary, err);
	return EXIT_IN_DOUBT;
}

/* A recovery that was killed while it restored on the source has held back packets there. */
static void clear_source(struct move *move)
{
	struct side *src = &move->side[SOURCE];
	struct err unheard = ERR_INIT;

	if (src->handover.n)
		(void)handover_hold_clear(&src->handover, move->tag, &unheard);
}

static enum exit_code settle(struct move *move, enum recovery way, const char *destination_status,
			     const char *why, struct err *err)
{
	const struct strategy *strategy = strategy_of(move);
	enum exit_code code = EXIT_IN_DOUBT;

	switch (way) {
	case RECOVER_FORWARD:
		code = settle_forward(move, destination_status, err);
		break;
	case RECOVER_COMMIT:
		/* The copy has served since the crash: neither a signal nor a full disk may end it.
		 */
		move->progress.released = move->recovery.serves = true;
		code = engine_resume(strategy, "release", move, err);
		break;
	case RECOVER_BACK:
		clear_source(move);
		code = engine_back(strategy, move, err);
		break;
	case RECOVER_RESTORE:
		code = restore_anywhere(move, err);
		break;
	case RECOVER_LOST:
		code = settle_lost(move,
				   move->plan.leave_running
					   ? "it ended, or its host went down, during a checkpoint"
					   : "it ended, or its host went down, before the images "
					     "were complete",
				   err);
		break;
	case RECOVER_DOUBT:
		return doubt(move, why, err);
	}
	/* The journal is still there for it. */
	if (code == EXIT_UNDONE && move->progress.left)
		return err->code = EXIT_IN_DOUBT;
	/* Undone and silent are settled too: the outcome says which way it went. */
	return code == EXIT_UNDONE || code == EXIT_SILENT ? EXIT_DONE : code;
}

/* Why a host could not tell: a host that answers must not be taken for one that is off. */
static void add_cause(const struct err *cause, struct err *err)
{
	if (*cause->msg)
		(void)err_append(err, "%s", cause->msg);
}

/* Chooses the way, and changes it to doubt if something stands against it now. */
static enum recovery choose_way(struct move *move, const struct recover_facts *facts,
				const char **ret_why, struct err *err)
{
	bool takes_source =
		facts->committed && move->recovery.take_source && move->kind == MOVE_WHOLE;
	enum recovery way = move_leaves_source(move) ? recover_decide_rehearsal(facts, ret_why)
			    : takes_source	     ? recover_decide_take_source(facts, ret_why)
						     : recover_decide(facts, ret_why);

	if (way == RECOVER_FORWARD && move->kind == MOVE_WHOLE &&
	    is(facts->source_status, "running")) {
		*ret_why = "it was moved, and runs on the source too: end the copy that is not to "
			   "go on with 'runc delete --force'";
		return RECOVER_DOUBT;
	}
	if (move_cancelled && way != RECOVER_DOUBT) {
		*ret_why = "stopped by a signal, nothing was done";
		return RECOVER_DOUBT;
	}
	/* If this recovery is killed, the next one must not take the move for committed still. */
	if (takes_source && way == RECOVER_BACK &&
	    journal_add(&move->journal, "undo", NULL, true, err) < 0) {
		*ret_why = "the journal can't be written";
		return RECOVER_DOUBT;
	}
	return way;
}

enum exit_code recover_move(struct move *move, bool committed, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];
	struct err source_err = ERR_INIT, destination_err = ERR_INIT;
	const char *why = "";

	move->recovery.active = true;
	host_connect(src->host);
	host_connect(dst->host);
	CLEANUP_FREE char *source_status = ask_host(move, &src->runtime, &source_err);
	/* After the commit the destination has all its memory. */
	if (!committed && source_status)
		end_orphan(move, &src->runtime, &dst->runtime);
	CLEANUP_FREE char *destination_status = ask_host(move, &dst->runtime, &destination_err);
	struct recover_facts facts = {.committed = committed,
				      .source_known = source_status != NULL,
				      .destination_known = destination_status != NULL,
				      .source_status = source_status ? source_status : "",
				      .destination_status =
					      destination_status ? destination_status : "",
				      .images = images_left(move)};
	enum recovery way = choose_way(move, &facts, &why, &source_err);
	move->recovery.undecided = way == RECOVER_DOUBT;
	/* Then only the destination has it, and a silent endpoint is no reason to undo either. */
	move->recovery.only_copy = way == RECOVER_COMMIT && !recover_is_alive(&facts);
	move->plan.keep_silent = move->plan.keep_silent || move->recovery.only_copy;
	enum exit_code code = settle(move, way, facts.destination_status, why, err);
	if (way == RECOVER_DOUBT) {
		add_cause(&source_err, err);
		add_cause(&destination_err, err);
		summary_set_error(&move->summary, err);
	}
	move->summary.exit_code = (int)code;
	move_record(move);
	return code;
}
