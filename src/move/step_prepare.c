/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmigrate/criu/container_tmpfs.h"
#include "cmigrate/criu/direct_transport.h"
#include "steps.h"

/* So many requests are under way at once on a host: a dump, its gate, an address, a watch. */
#define REQUESTS 7
/* How long a restore may be parked beside its own time: until the freeze begins, and during the
 * dump. */
#define PARKED_MS 120000

static const char *source_role(const struct move *move)
{
	/* Images that the destination copies are counted. */
	if (move_is_direct(move) || (move->plan.lazy && move_is_pre_copy(move)))
		return "sender";
	return move->plan.gate ? "source" : "ungated";
}

/* Exit code of "prepare" if the work directory is another move's. It has made nothing then. */
#define PREPARE_TAKEN 17

static const char *destination_role(const struct move *move)
{
	if (move->kind == MOVE_REHEARSAL)
		return "rehearsal";
	return move_is_direct(move) ? "receiver" : "destination";
}

static int make_directories(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];
	struct err second = ERR_INIT;
	struct job at_source = {0}, at_destination = {0};

	if (runtime_prepare_start(&src->runtime, source_role(move), &src->options, &at_source,
				  err) < 0)
		return -1;
	if (runtime_prepare_start(&dst->runtime, destination_role(move), &dst->options,
				  &at_destination, err) < 0) {
		(void)job_finish(&at_source, &second);
		return -1;
	}
	job_wait(&at_source);
	job_wait(&at_destination);
	src->taken = at_source.status == PREPARE_TAKEN;
	dst->taken = at_destination.status == PREPARE_TAKEN;
	int status = job_finish(&at_source, err);
	move->progress.parks = move->plan.gate && runtime_parks(&at_destination);
	if (job_finish(&at_destination, status < 0 ? &second : err) < 0)
		status = -1;
	if (status == 0 && (runtime_note_locks(&src->runtime, err) < 0 ||
			    runtime_note_locks(&dst->runtime, err) < 0))
		status = -1;
	return status;
}

/* Starts runc and criu while the container runs; they wait before they look at it. */
static int park_dump(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job parked = {0}, *jobs[] = {&parked, &move->jobs.dump};

	/* Counts from now on, while the dump is parked; from "go" on the step has a limit of its
	 * own. */
	const int limit_ms = move->plan.dump_timeout_ms + PARKED_MS;
	if ((move->jobs.at_gate.state == JOB_NONE &&
	     runtime_at_gate_start(&src->runtime, limit_ms, &move->jobs.at_gate, err) < 0) ||
	    runtime_parked_start(&src->runtime, &parked, err) < 0)
		return -1;
	int status = runtime_dump_start(&src->runtime, &src->options, &move->jobs.dump, err);
	if (status == 0 && jobs_wait_any(jobs, 2, 0) != 0)
		status = dump_failure(move, err);
	else if (status == 0)
		status = job_failure(&parked, err) < 0
				 ? err_wrap(err, "the dump does not get ready")
				 : 0;
	job_clear(&parked);
	/* It waits beside the dump, so that nothing has to be started while the container is
	 * frozen. */
	if (status == 0)
		status = runtime_seize_start(&src->runtime, limit_ms, &move->jobs.seize, err);
	return status;
}

int park_dump_again(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	move->progress.unseized = move->progress.went_on = false;
	move->progress.thawed_us = move->progress.freeze_us = 0;
	if (runtime_verdict(&src->runtime, "again", err) < 0)
		return -1;
	if (move->jobs.dump.state != JOB_NONE)
		job_clear(&move->jobs.dump);
	return park_dump(move, err);
}

int end_parked_restore(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	if (runtime_erase(&dst->runtime, err) < 0)
		return -1;
	job_wait(&move->jobs.restore);
	job_clear(&move->jobs.restore);
	if (move->jobs.park.state != JOB_NONE)
		job_wait(&move->jobs.park);
	job_clear(&move->jobs.park);
	return 0;
}

/*
 * Starts to park the restore on the destination, after the dump is parked: runc writes
 * descriptors.json before the dump parks, and a restore reads it before it starts criu.
 */
static int start_parking(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	return direct_before_restore(move, DIRECT_NONE, err) < 0 ||
			       runtime_restore_start(&dst->runtime, &dst->options, true,
						     move->plan.dump_timeout_ms + PARKED_MS,
						     &move->jobs.restore, err) < 0 ||
			       runtime_park_start(&dst->runtime, &move->jobs.park, err) < 0
		       ? -1
		       : 0;
}

int await_parked_restore(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct job *park = &move->jobs.park, *jobs[] = {park, &move->jobs.restore};

	if (park->state == JOB_NONE)
		return 0;
	(void)jobs_wait_any(jobs, 2, 0);
	bool parked = park->state == JOB_DONE && park->status == 0 && !park->lost;
	if (!parked &&
	    (end_parked_restore(move, err) < 0 || runtime_forget_restore(&dst->runtime, err) < 0))
		return -1;
	job_clear(park);
	return runtime_watch_start(&dst->runtime, &move->jobs.watch, err);
}

int step_prepare_hosts(struct move *move, struct err *err)
{
	/* The page server needs one more, and so does a limit. What serves a lazy restore needs
	 * two. */
	const size_t requests = REQUESTS + (move_is_direct(move) ? 1u : 0u) +
				(move->plan.bandwidth ? 1u : 0u) + (move->plan.lazy ? 2u : 0u);
	struct host *const hosts[] = {move->side[SOURCE].host, move->side[DESTINATION].host};

	if (bound_allows(move, move->plan.expected_ms, err) < 0)
		return -1;
	/* The guard has the container's name: only the owner of the directories may replace it. */
	return make_directories(move, err) < 0 || direct_admit(move, err) < 0 ||
			       hosts_prime(hosts, 2, requests, err) < 0 ||
			       move_make_probe(move, err) < 0
		       ? -1
		       : 0;
}

/*
 * A tmpfs is saved before the dump reads CRIU's configuration, and only if that shortens the
 * freeze. The restore of a saved one has mounts of its own, but hooks expect the host's.
 */
static int park_source(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	return (move->progress.parks && !move->bundle.hooks &&
		tmpfs_save(&src->runtime, &move->progress.tmpfs_saved, err) < 0) ||
			       direct_receive(move, DIRECT_DUMP, err) < 0 ||
			       (move->plan.gate && park_dump(move, err) < 0)
		       ? -1
		       : 0;
}

int step_prepare_rehearsal(struct move *move, struct err *err)
{
	return step_prepare_hosts(move, err) < 0 ? -1 : park_source(move, err);
}

int step_park(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	if (park_source(move, err) < 0 || (move->progress.parks && start_parking(move, err) < 0))
		return -1;
	/* The log of a restore that doesn't park would be taken for the next one's. */
	return move->progress.parks ? 0
				    : runtime_watch_start(&dst->runtime, &move->jobs.watch, err);
}

int step_prepare(struct move *move, struct err *err)
{
	return step_prepare_hosts(move, err) < 0 ? -1 : step_park(move, err);
}

/* If the source doesn't answer any more, the container may still run there. */
static enum undo_result left_or_doubt(const struct runtime *source)
{
	return source->host->lost ? UNDO_DOUBT : UNDO_LEFT;
}

enum undo_result undo_prepare(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];
	enum undo_result result = UNDO_DONE;
	struct err second = ERR_INIT;

	/* It may have ended before the freeze; after the freeze, the undo of that has looked. */
	if (!move->progress.freeze_us && !move->recovery.active)
		(void)source_has_ended(move);
	/* Leave another move's gate and directory alone. */
	if (src->taken || dst->taken) {
		if ((!src->taken && runtime_clean(&src->runtime, true, err) < 0) ||
		    (!dst->taken && runtime_clean(&dst->runtime, false, err) < 0))
			return UNDO_LEFT;
		return UNDO_DONE;
	}
	/* End a dump that is still parked. If it ran, undo_dump() has done it. */
	if (move->plan.gate && undo_dump(move, err) != UNDO_DONE)
		return UNDO_DOUBT;
	if (move->jobs.restore.state != JOB_NONE && end_parked_restore(move, err) < 0)
		return left_or_doubt(&src->runtime);
	keep_logs(move);
	if (direct_close(move, err) < 0 || runtime_clean(&dst->runtime, false, err) < 0)
		result = UNDO_LEFT;
	/* There are no images before the freeze. */
	bool keep = move->plan.keep_images && (move->progress.freeze_us || move->recovery.active);
	if (runtime_clean(&src->runtime, !keep, result == UNDO_DONE ? err : &second) < 0)
		result = left_or_doubt(&src->runtime);
	return result;
}

/* All images stay: the restore may be tried again. */
static int clean_destination(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	return move_is_direct(move) ? runtime_clean_but_pages(&dst->runtime, err)
				    : runtime_clean(&dst->runtime, false, err);
}

int step_prepare_destination(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct job job = {0};

	/* Remove what an earlier try has left there. */
	if (runtime_erase(&dst->runtime, err) < 0 || lazy_close(move, err) < 0 ||
	    clean_destination(move, err) < 0 ||
	    runtime_prepare_start(&dst->runtime, destination_role(move), &dst->options, &job, err) <
		    0)
		return -1;
	if (job_finish(&job, err) < 0 || runtime_note_locks(&dst->runtime, err) < 0 ||
	    move_make_probe(move, err) < 0)
		return -1;
	return runtime_watch_start(&dst->runtime, &move->jobs.watch, err);
}

enum undo_result undo_prepare_destination(struct move *move, struct err *err)
{
	return clean_destination(move, err) < 0 ? UNDO_LEFT : UNDO_DONE;
}
