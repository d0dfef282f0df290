/* SPDX-License-Identifier: MIT */
/* The steps of post-copy beside those of every move; post_copy.h says why they are safe. */
#include <stdlib.h>

#include "cmigrate/base/deadline.h"
#include "freeze_limit.h"
#include "steering.h"
#include "steps.h"

/* From the gate's word to a page server that listens. */
#define SERVE_MS 20000
/* How often progress is looked at. */
#define LOOK_MS 250
/* A wait for memory that is worth a note. */
#define STALL_MS 1000

/* The page server's word is waited for from the dump on: it has no time limit of its own before. */
int prepare_pages(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];

	if (admit_pages(move, src, err) < 0 ||
	    post_copy_fetch_start(&move->page_server, &dst->runtime, 0, &move->jobs.fetch, err) < 0)
		return -1;
	return runtime_served_start(&src->runtime, 0, &move->jobs.served, err);
}

int step_prepare_hosts_pages(struct move *move, struct err *err)
{
	return step_prepare_hosts(move, err) < 0 ? -1 : prepare_pages(move, err);
}

int step_prepare_pages(struct move *move, struct err *err)
{
	return step_prepare_hosts_pages(move, err) < 0 ? -1 : step_park(move, err);
}

enum undo_result undo_prepare_pages(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	enum undo_result result = undo_prepare(move, err);

	/* The guard belongs to another move then. */
	if (src->taken || move->side[DESTINATION].taken)
		return result;
	return release_pages(move, src, err) < 0 && result == UNDO_DONE ? UNDO_LEFT : result;
}

int pages_ready(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct job socket = {0}, *jobs[] = {&socket};

	if (post_copy_fetch_go(&dst->runtime, move->progress.n_images, err) < 0 ||
	    post_copy_socket_start(&dst->runtime, &socket, err) < 0)
		return -1;
	if (jobs_wait_any(jobs, 1, freeze_end(move)) == 0)
		return job_finish(&socket, err);
	job_clear(&socket);
	return err_set(err, EXIT_FAILED, "%s: criu lazy-pages does not get ready", dst->name);
}

int step_serve(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job *jobs[] = {&move->jobs.served, &move->jobs.dump};

	if (runtime_verdict(&src->runtime, "close", err) < 0)
		return -1;
	if (jobs_wait_any(jobs, 2, deadline_min(freeze_end(move), deadline_in_ms(SERVE_MS))) != 0)
		return dump_failure(move, err);
	return job_failure(&move->jobs.served, err) < 0 ? -1 : pages_ready(move, err);
}

enum undo_result undo_serve(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	/* The destination's copy is gone by now (undo_restore()). */
	return post_copy_end(&dst->runtime, err) < 0 ? UNDO_DOUBT : UNDO_DONE;
}

enum undo_result undo_dump_pages(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (close_gate(move, err) < 0 ||
	    page_server_nudge(&move->page_server, &src->runtime, err) < 0)
		return UNDO_DOUBT;
	return undo_dump(move, err);
}

static void tell_progress(struct move *move, uint64_t *last, int64_t *last_us)
{
	struct side *src = &move->side[SOURCE];
	uint64_t sent =
		move_is_post_copy(move) ? page_server_sent(&move->page_server, &src->runtime) : 0;
	int64_t now = clock_now_us();

	if (sent <= *last)
		return;
	event_emit(move->events, &(struct event){.kind = EVENT_PROGRESS,
						 .name = "drain",
						 .at_ms = move_ms(move, now),
						 .bytes = sent,
						 .bytes_second = (sent - *last) * 1000000 /
								 (uint64_t)(now - *last_us)});
	*last = sent;
	*last_us = now;
}

/* "LONGEST TIMES" (src/agent/memory/fetch_keeper.c). */
static void keep_stall(struct move *move, const struct job *drain)
{
	const char *said = buf_str(&drain->out);
	char *end = NULL;
	unsigned long ms = strtoul(said, &end, 10);

	if (end != said && drain->status == 0)
		move->summary.stall_ms = (double)ms;
}

/* One deadline of it. */
static int drain_once(struct move *move, uint64_t *sent, int64_t *sent_us, bool *ret_late,
		      struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct job drain = {0}, *jobs[] = {&drain};

	if (post_copy_fetched_start(&dst->runtime, move->plan.dump_timeout_ms, &drain, err) < 0)
		return -1;
	while (drain.state == JOB_RUNNING) {
		(void)jobs_wait_any(jobs, 1, deadline_in_ms(LOOK_MS));
		tell_progress(move, sent, sent_us);
		steering_look(move);
	}
	*ret_late = drain.timed_out;
	keep_stall(move, &drain);
	return job_finish(&drain, err);
}

/*
 * `criu lazy-pages` ends with 0 when each process that still lives has every page that it had at
 * the dump and has not freed since. It ends with 0 also if a process has ended: handle_exit() in
 * criu/uffd.c drops the pages that this lacked. The number of pages can't tell a process that was
 * killed from one that ended or freed memory by itself, so the commit asks the copy.
 */
int step_drain(struct move *move, struct err *err)
{
	uint64_t sent = 0, before;
	int64_t began = clock_now_us(), sent_us = began;
	bool late = false;
	int status;

	/* As long as memory arrives it is slow, and no failure. */
	do {
		*err = (struct err)ERR_INIT;
		before = sent;
		status = drain_once(move, &sent, &sent_us, &late, err);
	} while (status < 0 && late && sent > before);
	if (move->summary.stall_ms >= STALL_MS)
		event_note(move->events, "a thread of the container waited %.1f s for its memory",
			   move->summary.stall_ms / 1000);
	if (status == 0)
		move->summary.drain_ms = (double)(clock_now_us() - began) / 1000;
	if (status == 0 || move->side[DESTINATION].host->lost)
		return status;
	struct err dead = ERR_INIT;
	if (copy_runs(move, false, &dead) < 0)
		(void)err_append(err, "%s", dead.msg);
	return -1;
}

/*
 * The page server has nobody to serve any more: then the source's processes are frozen and nothing
 * else. Their clients don't hear of their end: the address has left, and what is sent from it over
 * TCP is dropped since the freeze (src/agent/network/forward.c).
 */
int step_end_source(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (page_server_nudge(&move->page_server, &src->runtime, err) < 0 ||
	    wait_for_dump_end(move, err) < 0)
		return -1;
	return runtime_erase(&src->runtime, err);
}

int step_clean_pages(struct move *move, struct err *err)
{
	struct side *src = &move->side[SOURCE];

	if (release_pages(move, src, err) < 0)
		return -1;
	return step_clean(move, err);
}
