/* SPDX-License-Identifier: MIT */
/* Memory that is written while the container runs, pass by pass. */
#include <stdlib.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/criu/pre_copy.h"
#include "steering.h"
#include "steps.h"

#define PAGE_BYTES 4096

static int one_pass(struct move *move, unsigned number, struct pre_copy_pass *ret, struct err *err)
{
	struct side *src = &move->side[SOURCE];
	struct job job = {0};

	*ret = (struct pre_copy_pass){0};
	if (direct_receive(move, number, err) < 0 ||
	    runtime_pass_start(&src->runtime, number, &src->options, move_is_direct(move), &job,
			       err) < 0)
		return -1;
	/* The pass goes on, since CRIU may be inside the processes. Recovery waits for it. */
	if (steering_wait(move, &job, deadline_in_ms(move->plan.dump_timeout_ms)) < 0) {
		job_clear(&job);
		return err_set(err, EXIT_FAILED, "%s: pass %u did not end within %d s", src->name,
			       number, move->plan.dump_timeout_ms / 1000);
	}
	int status = job_failure(&job, err);
	if (status == 0) {
		ret->bytes = strtoull(buf_str(&job.out), NULL, 10);
		status = direct_received(move, &ret->bytes, err);
		ret->pages = ret->bytes / PAGE_BYTES;
		ret->ms = job_ms(&job);
	} else if (direct_broke(move, err)) {
		(void)err_wrap(err, "pass %u of pre-copy", number);
	} else {
		(void)err_set(err, EXIT_FAILED, "pass %u of pre-copy failed", number);
		runtime_diagnose(&src->runtime, "dump", err);
	}
	job_clear(&job);
	return status;
}

static void keep_pass(struct move *move, const struct pre_copy_pass *pass)
{
	struct summary *s = &move->summary;

	s->passes = mem_grow(s->passes, s->n_passes + 1, sizeof(*s->passes));
	s->passes[s->n_passes++] = *pass;
	event_emit(move->events,
		   &(struct event){.kind = EVENT_PROGRESS,
				   .name = "pre-copy",
				   .at_ms = move_ms(move, clock_now_us()),
				   .bytes = pass->bytes,
				   .bytes_second = pass->ms > 0 ? (uint64_t)((double)pass->bytes *
									     1000 / pass->ms)
								: 0,
				   .pages = pass->pages});
}

/* The destination reads a pass while the next one is written, and the last one before the freeze.
 * With direct transport the pass is in its memory already. */
static int read_ahead(struct move *move, unsigned number, struct job *job, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct err unheard = ERR_INIT;

	if (move_is_direct(move))
		return 0;
	(void)job_finish(job, &unheard);
	return runtime_readahead_start(&dst->runtime, number, move->plan.dump_timeout_ms, job, err);
}

/* `cmigrate tune --post-copy` has come. */
static int decide_otherwise(struct move *move, enum pre_copy *decision, struct err *err)
{
	bool became = false;

	if (!steering_takes_post_copy(move))
		return 0;
	if (become_hybrid(move, &became, err) < 0)
		return -1;
	if (became)
		*decision = PRE_COPY_FOLLOWS;
	return 0;
}

/* Whether another pass follows, because the container gets less processor time meanwhile. */
static int slow_down(struct move *move, enum pre_copy *decision, struct err *err)
{
	bool slower = false;

	if (!move->plan.throttle || *decision != PRE_COPY_GROWS ||
	    move->summary.n_passes >= PRE_COPY_PASSES)
		return 0;
	if (throttle_again(move, &slower, err) < 0)
		return -1;
	if (slower)
		*decision = PRE_COPY_GO_ON;
	return 0;
}

static int passes(struct move *move, struct job *ahead, struct err *err)
{
	const struct summary *s = &move->summary;
	enum pre_copy decision = PRE_COPY_GO_ON;
	double predicted_ms = 0;

	for (unsigned number = 1; decision == PRE_COPY_GO_ON; number++) {
		struct pre_copy_pass pass;
		if (move_cancelled)
			return err_set(err, EXIT_FAILED, "%s", move_cancelled_by());
		if (one_pass(move, number, &pass, err) < 0)
			return -1;
		keep_pass(move, &pass);
		if (read_ahead(move, number, ahead, err) < 0)
			return -1;
		move->side[SOURCE].options.parent_pass = number;
		if (move->plan.lazy)
			move->side[DESTINATION].options.parent_pass = number;
		steering_look(move);
		decision = pre_copy_decide(s->passes, s->n_passes, move->plan.max_downtime_ms,
					   &predicted_ms);
		if (slow_down(move, &decision, err) < 0 ||
		    decide_otherwise(move, &decision, err) < 0)
			return -1;
	}
	event_note(move->events, "pre-copy: %zu passes, then %s; predicted freeze %.0f ms",
		   s->n_passes, pre_copy_reason(decision), predicted_ms);
	return move_is_post_copy(move) ? 0 : bound_allows(move, predicted_ms, err);
}

int step_pre_copy(struct move *move, struct err *err)
{
	struct job ahead = {0};
	struct err unheard = ERR_INIT;
	int status = throttle_begin(move, err);

	if (status == 0)
		status = passes(move, &ahead, err);

	(void)job_finish(&ahead, &unheard);
	return status;
}
