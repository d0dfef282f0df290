/* SPDX-License-Identifier: MIT */
/* The way back of the source's copy: let go on with its address, or restored from its images. */
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/criu/direct_transport.h"
#include "steps.h"

/* How long CRIU may take to end or to resume the source's processes once it has its verdict. */
#define VERDICT_MS 30000
/* How often a container that goes on is thawed until then. */
#define THAW_AGAIN_MS 500
/* When the restored copy has ended by itself, this one does so too, soon after it goes on. */
#define SAME_END_S 2

/* A container can end by itself at any moment. Then nothing is in doubt and nothing is left to
 * thaw. */
bool source_has_ended(struct move *move)
{
	struct side *src = &move->side[SOURCE];
	unsigned seconds = move->progress.copy_ended && move->progress.thawed_us ? SAME_END_S : 0;
	struct err unused = ERR_INIT;

	/* runc's own word: a dump that is parked would hide it. */
	move->progress.ended = runtime_has_ended(&src->runtime, seconds, &unused);
	return move->progress.ended;
}

/* A container that was killed at its gate can go on from its images: a recovery does that. */
static bool has_whole_images(const struct move *move)
{
	return move->progress.dumped && move->kind == MOVE_WHOLE && !move_is_post_copy(move) &&
	       !move->progress.went_on;
}

enum undo_result undo_freeze(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct err unheard = ERR_INIT;

	/* A container that runs without its address gets errors for what it sends. */
	if (handover_address_up(&src->handover, err) < 0)
		return UNDO_DOUBT;
	if (runtime_thaw(&src->runtime, err) < 0)
		return source_has_ended(move) && !has_whole_images(move) ? UNDO_DONE : UNDO_DOUBT;
	if (move->progress.freeze_us && !move->progress.thawed_us)
		move->progress.thawed_us = clock_now_us();
	/* A recovery that finds the container ended later must not start it from its images. */
	(void)runtime_void_images(&src->runtime, &unheard);
	if (move->progress.copy_ended)
		(void)source_has_ended(move);
	return UNDO_DONE;
}

static int wait_dump(struct move *move, int ms, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job *job = &move->jobs.dump;

	if (job->state == JOB_NONE)
		return runtime_await(&src->runtime, "dump", ms, err);
	if (job->state == JOB_RUNNING)
		(void)jobs_wait_any(&job, 1, deadline_in_ms(ms));
	if (job->state == JOB_RUNNING || job->lost)
		return err_set(err, EXIT_FAILED, "%s: criu does not end", src->name);
	return 0;
}

int wait_for_dump_end(struct move *move, struct err *err)
{
	return wait_dump(move, VERDICT_MS, err);
}

/*
 * The way back thaws first and waits afterwards: a criu that seizes a stopped process of a frozen
 * cgroup waits for the thaw itself. A criu at its gate holds each process by ptrace, and lets none
 * go before it has its verdict.
 */
static int let_go(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (move->progress.thawed_us || (!move->progress.freeze_us && !move->recovery.active))
		return 0;
	/* A container that runs without its address gets errors for what it sends. */
	return handover_address_up(&src->handover, err) < 0 ? -1
							    : runtime_loosen(&src->runtime, err);
}

/*
 * Before it ends, CRIU puts the cgroup back into the state in which it has found it, which is
 * frozen (freezer_restore_state() of its criu/seize.c). That may come after our thaw, and whoever
 * waits for the container would wait for ever: so it is thawed again and again until the dump has
 * ended.
 */
static int thaw_until_dump_ends(struct move *move, struct err *err)
{
	const int64_t end = deadline_in_ms(VERDICT_MS);
	struct err late = ERR_INIT, unheard = ERR_INIT;

	while (wait_dump(move, THAW_AGAIN_MS, &late) < 0) {
		if (move->side[SOURCE].host->lost || deadline_passed(end)) {
			*err = late;
			return -1;
		}
		(void)let_go(move, &unheard);
	}
	return 0;
}

int close_gate(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (!move->progress.thawed_us && (move->progress.freeze_us || move->recovery.active) &&
	    runtime_note_going_on(&src->runtime, &move->progress.went_on, err) < 0)
		return -1;
	return runtime_verdict(&src->runtime, "close", err) < 0 ? -1 : let_go(move, err);
}

static int restore_on_source(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job job = {0};

	/* The packets are the source's again only once its sockets are there: address first. */
	if (handover_address_up(&src->handover, err) < 0 ||
	    runtime_restore_start(&src->runtime, &src->options, false, move->plan.dump_timeout_ms,
				  &job, err) < 0)
		return -1;
	int status = job_finish(&job, err);
	if (status < 0)
		runtime_diagnose(&src->runtime, "restore", err);
	return status;
}

/* dumped: the images are known to be complete. */
static enum undo_result bring_back(struct move *move, bool dumped, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	CLEANUP_FREE char *status = NULL;

	if (let_go(move, err) < 0 || thaw_until_dump_ends(move, err) < 0 ||
	    runtime_status(&src->runtime, &status, err) < 0)
		return UNDO_DOUBT;
	/* runc leaves its state there if the cgroup was busy. */
	bool ended = dumped && strcmp(status, "stopped") == 0;
	if (*status && !ended)
		return UNDO_DONE; /* the dump had failed: undo_freeze lets it go on */
	if (ended && runtime_erase(&src->runtime, err) < 0)
		return UNDO_DOUBT;
	return restore_on_source(move, err) < 0 ? UNDO_DOUBT : UNDO_DONE;
}

/*
 * A dump that writes memory would write all of it first. Once CRIU has ended, nothing freezes the
 * container again, and it need not wait for the end of runc.
 */
static void break_off(struct move *move)
{
	struct move_progress *p = &move->progress;
	struct err unheard = ERR_INIT;

	if (!p->freeze_us || p->thawed_us || p->dumped || move_is_post_copy(move))
		return;
	if (runtime_break_off(&move->side[SOURCE].runtime, &unheard) == 0 &&
	    let_go(move, &unheard) == 0)
		p->thawed_us = clock_now_us();
}

enum undo_result undo_dump(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct err hangs = ERR_INIT, opened = ERR_INIT;

	/* A gate that was opened for a restore has no way back but the images. */
	if (move->plan.ends_first && runtime_verdict(&src->runtime, "close", &opened) < 0)
		return bring_back(move, true, err);
	if (close_gate(move, err) < 0)
		return UNDO_DOUBT;
	direct_cut(move);
	break_off(move);
	if (thaw_until_dump_ends(move, &hangs) == 0)
		return UNDO_DONE;
	/* A criu that has not begun with the container can be killed, any other can't. */
	if (runtime_verdict(&src->runtime, "kill", err) < 0 || thaw_until_dump_ends(move, err) < 0)
		return UNDO_DOUBT;
	return UNDO_DONE;
}

enum undo_result undo_dump_ungated(struct move *move, struct err *err)
{
	return bring_back(move, false, err);
}
