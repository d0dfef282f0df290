/* SPDX-License-Identifier: MIT */
/* The source's copy: frozen, dumped, held at the gate, ended. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/criu/container_tmpfs.h"
#include "cmigrate/criu/direct_transport.h"
#include "freeze_limit.h"
#include "steps.h"

int step_freeze(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];
	struct job freeze = {0}, forward = {0};
	struct err second = ERR_INIT;
	int status = 0;

	if (await_parked_restore(move, err) < 0)
		return -1;
	/* It may still be there from a freeze that was given up. */
	if (move->jobs.warm.state == JOB_NONE &&
	    runtime_warm_start(&dst->runtime, &move->jobs.warm, err) < 0)
		return -1;
	freeze_begin(move);
	move->summary.freeze_start_ms = move_ms(move, move->progress.freeze_us);
	if (move->progress.forwarding)
		status = handover_forward_all_start(&src->handover, move->tag, &forward, err);
	if (status == 0)
		status = runtime_freeze_start(&src->runtime, &freeze, err);
	if (job_finish(&forward, status < 0 ? &second : err) < 0)
		status = -1;
	if (job_finish(&freeze, status < 0 ? &second : err) < 0)
		status = -1;
	/* CRIU's own code runs in its processes, and a copy gets the quota that it has now. */
	return status < 0 ? -1 : throttle_end(move, err);
}

/*
 * Beside the dump the source loses the address. Its packets are sent on already. A source that
 * kept it would answer for it beside the destination, and a probe from there would ask the source
 * itself.
 */
static int start_leaving(struct move *move, struct job *leave, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	return src->handover.n && move->progress.forwarding
		       ? handover_address_start(&src->handover, "leave", leave, err)
		       : 0;
}

static int finish_same(struct move *move, struct job *same, struct err *err)
{
	if (same->state == JOB_NONE)
		return 0;
	job_wait(same);
	move->progress.tmpfs_changed = tmpfs_changed(same);
	return job_finish(same, err);
}

/* A dump that ended or is still under way where the gate should have been reached. */
int dump_failure(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (move->jobs.dump.state == JOB_DONE && move->jobs.dump.lost)
		return job_failure(&move->jobs.dump, err);
	/* The container waits, and there is nothing to be found out. */
	if (move->jobs.dump.state != JOB_DONE && move->progress.freeze_bounded)
		return err_set(err, EXIT_FAILED, "%s: the dump has not ended", src->name);
	if (move->jobs.dump.state == JOB_DONE)
		(void)err_set(err, EXIT_FAILED, "the dump failed");
	else
		(void)err_set(err, EXIT_FAILED, "%s: the dump did not end within %d s", src->name,
			      freeze_seconds(move));
	runtime_diagnose(&src->runtime, "dump", err);
	return -1;
}

/* "reached NUMBER" (src/agent/dump/gate.c). */
static int images_said(const struct job *at_gate)
{
	const char *blank = strchr(buf_str(&at_gate->out), ' ');
	long n = blank ? strtol(blank, NULL, 10) : 0;

	return n > 0 && n < INT_MAX ? (int)n : 0;
}

/* As jobs_wait_any(), but a job that was done before the call counts too. */
static int first_done(struct job *const *jobs, size_t n, int64_t end)
{
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->state == JOB_DONE)
			return (int)i;
	return jobs_wait_any(jobs, n, end);
}

/* The seizure is waited for first: after a failure there is nothing to hear of the gate. */
static int wait_for_seizure(struct move *move, struct err *err)
{
	struct job *jobs[] = {&move->jobs.at_gate, &move->jobs.dump, &move->jobs.seize};
	int status = 0;

	/* If criu was killed for it, the end of the dump may be seen first. */
	if (jobs_wait_any(jobs, 3, freeze_end(move)) == 1)
		(void)jobs_wait_any(jobs + 2, 1, freeze_end(move));
	if (move->jobs.seize.state == JOB_DONE && move->jobs.seize.status == 1 &&
	    !move->jobs.seize.lost) {
		move->progress.unseized = true;
		CLEANUP_FREE char *which = str_dup(buf_str(&move->jobs.seize.out));
		status = err_set(err, EXIT_FAILED,
				 "%s: criu can't seize the container's processes: %s",
				 move->side[SOURCE].name, str_trim(which));
	}
	if (move->jobs.seize.state == JOB_DONE)
		job_clear(&move->jobs.seize);
	return status;
}

static int wait_for_gate(struct move *move, struct err *err)
{
	struct job *jobs[] = {&move->jobs.at_gate, &move->jobs.dump, &move->jobs.receive};
	const int64_t end = freeze_end(move);
	uint64_t bytes;

	if (wait_for_seizure(move, err) < 0)
		return -1;
	int first = first_done(jobs, move_is_direct(move) ? 3 : 2, end);

	/* The page server ends a moment before the dump. If it fails, the dump may notice late. */
	if (first == 2 && direct_received(move, &bytes, err) < 0)
		return -1;
	if (first == 2)
		first = jobs_wait_any(jobs, 2, end);
	if (first == 1 && direct_broke(move, err))
		return -1;
	if (first != 0 || job_failure(&move->jobs.at_gate, err) < 0)
		return dump_failure(move, err);
	move->progress.n_images = images_said(&move->jobs.at_gate);
	move->progress.dumped = true;
	return direct_received(move, &bytes, err);
}

/* A frozen container is not asked for its progress: it is told when the dump is over. */
static void tell_progress(const struct move *move, int64_t begin_us)
{
	int64_t now = clock_now_us();
	uint64_t bytes = move->summary.memory_bytes;

	event_emit(move->events,
		   &(struct event){.kind = EVENT_PROGRESS,
				   .name = "dump",
				   .at_ms = move_ms(move, now),
				   .bytes = bytes,
				   .bytes_second = (uint64_t)((double)bytes * 1e6 /
							      (double)(now - begin_us + 1))});
}

int step_dump(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job leave = {0}, same = {0};
	struct err second = ERR_INIT;
	int64_t begin = clock_now_us();

	int status = runtime_dump_go(&src->runtime, err);
	if (status == 0 && move->progress.tmpfs_saved)
		status = tmpfs_same_start(&src->runtime, freeze_left_ms(move), &same, err);
	if (status == 0)
		status = start_leaving(move, &leave, err);
	if (status == 0)
		status = wait_for_gate(move, err);
	if (finish_same(move, &same, status < 0 ? &second : err) < 0)
		status = -1;
	if (job_finish(&leave, status < 0 ? &second : err) < 0)
		status = -1;
	if (status == 0 && !move_is_post_copy(move))
		tell_progress(move, begin);
	return status;
}

int step_dump_ungated(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job leave = {0}, *dump = &move->jobs.dump;
	struct err second = ERR_INIT;

	int status = runtime_dump_start(&src->runtime, &src->options, &move->jobs.dump, err);
	if (status == 0)
		status = start_leaving(move, &leave, err);
	if (status == 0) {
		(void)jobs_wait_any(&dump, 1, freeze_end(move));
		if (dump->state != JOB_DONE || job_failure(dump, &second) < 0)
			status = dump_failure(move, err);
	}
	if (job_finish(&leave, status < 0 ? &second : err) < 0)
		status = -1;
	return status;
}

/* CRIU holds the source's processes by ptrace alone: if it is killed at its gate, they run on. */
int gate_holds(struct move *move, struct err *err)
{
	struct job *dump = &move->jobs.dump;

	/* The page server of post-copy ends when all is fetched. */
	if (!move->plan.gate || move->plan.ends_first || dump->state == JOB_NONE ||
	    move_is_post_copy(move))
		return 0;
	(void)jobs_wait_any(&dump, 1, clock_now_us());
	/* A link that is cut says nothing of criu. */
	if (dump->state != JOB_DONE || dump->lost)
		return 0;
	return err_set(err, EXIT_FAILED,
		       "%s: criu has ended at its gate, killed by somebody or for want of memory",
		       move->side[SOURCE].name);
}

int step_sync(struct move *move, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", move->bundle.name);
	char *argv[] = {"sync", container, NULL};

	return host_run(move->side[SOURCE].host,
			&(struct command){.argv = argv, .timeout_ms = freeze_left_ms(move)}, err);
}

int step_leave(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (handover_address_down(&src->handover, err) < 0)
		return -1;
	return runtime_clean(&src->runtime, false, err);
}

int step_open_gate(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	CLEANUP_FREE char *status = NULL;

	if (runtime_verdict(&src->runtime, "open", err) < 0 || wait_for_dump_end(move, err) < 0)
		return -1;
	if (runtime_status(&src->runtime, &status, err) < 0)
		return -1;
	/* runc leaves its state there if the cgroup was busy. */
	if (strcmp(status, "stopped") == 0)
		return runtime_erase(&src->runtime, err);
	if (*status)
		return err_set(err, EXIT_FAILED, "%s: the frozen copy is still %s", src->name,
			       status);
	return 0;
}
