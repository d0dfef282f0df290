/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/container/owner.h"
#include "cmigrate/criu/pre_copy.h"
#include "cmigrate/move/step_tables.h"
#include "fault_point.h"
#include "freeze_limit.h"
#include "steering.h"
#include "steps.h"

/* All steps but dump, restore and answer may take this long together. */
#define STEPS_MS 60000
/* How often a dump that can't seize the processes is tried, and the pause after the first. */
#define SEIZURES 3
#define SEIZURE_PAUSE_MS 200

/*
 * after_commit: nothing is undone any more, so a journal that can't be written is ignored; 'clean'
 * is what makes room on a full disk. A recovery has its journal and doesn't need its own intents.
 */
static int run_step(const struct step *step, struct move *move, bool after_commit, struct err *err)
{
	int64_t begin = clock_now_us();
	struct err unwritten = ERR_INIT;

	/* Clients wait: not for a disk too. */
	move->journal.holds = move->progress.freeze_us && !move->progress.answered_us;
	if (journal_add(&move->journal, "intent", step->name, false, &unwritten) < 0 &&
	    !after_commit && !move->recovery.active) {
		*err = unwritten;
		return err_wrap(err, "before '%s'", step->name);
	}
	fault_point(step->name, "before");
	event_emit(move->events, &(struct event){.kind = EVENT_STEP_BEGIN, .name = step->name});
	int status = step->run(move, err);
	double ms = (double)(clock_now_us() - begin) / 1000;
	summary_step_add(&move->summary, step->name, move_ms(move, begin), ms, step->frozen);
	if (status < 0)
		return -1;
	event_emit(move->events, &(struct event){.kind = EVENT_STEP_END,
						 .name = step->name,
						 .ms = ms,
						 .at_ms = move_ms(move, begin) + ms});
	fault_point(step->name, "after");
	return 0;
}

/* Undoes steps n-1 to 0. Failures are added to *err; a doubt stops it. */
static enum undo_result undo_steps(const struct strategy *strategy, size_t n, struct move *move,
				   struct err *err)
{
	enum undo_result worst = UNDO_DONE;

	while (n-- > 0) {
		const struct step *step = &strategy->steps[n];
		struct err why = ERR_INIT;
		if (!step->undo)
			continue;
		event_emit(move->events, &(struct event){.kind = EVENT_UNDO, .name = step->name});
		fault_point(step->name, "undo");
		enum undo_result result = step->undo(move, &why);
		if (result != UNDO_DONE)
			(void)err_append(err, "undoing '%s': %s", step->name, why.msg);
		if (result > worst)
			worst = result;
		if (result == UNDO_DOUBT)
			break;
	}
	return worst;
}

/* The steps after the commit point. */
static int run_after_commit(const struct strategy *strategy, struct move *move, struct err *err)
{
	bool committed = strategy->committed;
	int status = 0;

	for (size_t i = 0; i < strategy->n; i++) {
		struct err why = ERR_INIT;
		if (committed)
			steering_look(move);
		if (committed && run_step(&strategy->steps[i], move, true, &why) < 0) {
			/* The other steps are done all the same: each cleans something. */
			if (status == 0)
				*err = why;
			status = -1;
		}
		committed = committed || strategy->steps[i].commit;
	}
	return status;
}

static void set_outcome(struct move *move, const char *outcome, enum exit_code code,
			const struct err *err)
{
	struct summary *s = &move->summary;

	str_set(&s->outcome, outcome);
	summary_set_error(s, err);
	s->exit_code = (int)code;
	if (move->progress.freeze_us && move->progress.thawed_us)
		s->freeze_ms = (double)(move->progress.thawed_us - move->progress.freeze_us) / 1000;
	if (move->progress.freeze_us && move->progress.answered_us)
		s->outage_ms =
			(double)(move->progress.answered_us - move->progress.freeze_us) / 1000;
	s->total_ms = move_ms(move, clock_now_us());
	pace_end(move);
	steering_end(move);
}

/* The record is written before the journal goes: a crash between the two leaves both, not none. */
static void conclude(struct move *move, const char *outcome, enum exit_code code,
		     const struct err *err)
{
	set_outcome(move, outcome, code, err);
	if (!move->recovery.active)
		move_record(move);
}

/* The other copy is gone: undoing anything would end the last one. */
static enum exit_code leave_only_copy(struct move *move, struct err *err)
{
	err->code = EXIT_IN_DOUBT;
	(void)err_append(err,
			 "nothing is undone, for only %s may have a copy; 'cmigrate recover %s' "
			 "tries again",
			 move->side[DESTINATION].name, move->bundle.name);
	set_outcome(move, "in-doubt", EXIT_IN_DOUBT, err);
	return EXIT_IN_DOUBT;
}

/* Nothing is touched: the destination's copy runs, the source's is frozen. */
static enum exit_code leave_in_doubt(struct move *move, struct err *err)
{
	err->code = EXIT_IN_DOUBT;
	if (move->kind == MOVE_CHECKPOINT)
		(void)err_append(err, "'%s' is frozen on %s; 'cmigrate recover %s' settles it",
				 move->bundle.name, move->side[SOURCE].name, move->bundle.name);
	else
		(void)err_append(err,
				 "'%s' runs on %s, the copy on %s is frozen; 'cmigrate recover %s' "
				 "finishes it",
				 move->bundle.name, move->side[DESTINATION].name,
				 move->side[SOURCE].name, move->bundle.name);
	set_outcome(move, "in-doubt", EXIT_IN_DOUBT, err);
	return EXIT_IN_DOUBT;
}

/* The move is undone and no copy is left to go on: its remains go too, on both hosts. */
static enum undo_result tidy_lost(struct move *move, struct err *err)
{
	struct err why = ERR_INIT;

	(void)err_append(err,
			 "'%s' runs nowhere: the container had ended by itself on %s; "
			 "'cmigrate run %s' starts it anew",
			 move->bundle.name, move->side[SOURCE].name, move->bundle.name);
	if (run_after_commit(&strategy_tidy, move, &why) == 0)
		return UNDO_DONE;
	(void)err_append(err, "%s", why.msg);
	return UNDO_LEFT;
}

/* The move failed before its commit point: the way back. */
static enum exit_code take_back(const struct strategy *strategy, size_t reached, struct move *move,
				struct err *err)
{
	if (move->recovery.only_copy)
		return leave_only_copy(move, err);
	if (move->recovery.serves && !move->progress.unanswered)
		return leave_in_doubt(move, err);
	freeze_judge(move, err);
	freeze_lift(move);
	enum undo_result result = undo_steps(strategy, reached, move, err);
	struct err unused = ERR_INIT;

	if (result == UNDO_DOUBT) {
		err->code = EXIT_IN_DOUBT;
		(void)err_append(err, "in doubt; 'cmigrate recover %s' settles it",
				 move->bundle.name);
		conclude(move, "in-doubt", EXIT_IN_DOUBT, err);
		return EXIT_IN_DOUBT;
	}
	if (move->progress.ended && result == UNDO_DONE)
		result = tidy_lost(move, err);
	else
		freeze_tell(move, err);
	move->progress.left = result == UNDO_LEFT;
	err->code = move->progress.ended ? EXIT_LOST : EXIT_UNDONE;
	if (result == UNDO_LEFT)
		(void)err_append(err, "'cmigrate recover %s' removes what is left",
				 move->bundle.name);
	conclude(move, move->progress.ended ? "lost" : "undone", err->code, err);
	if (result != UNDO_LEFT && !move->recovery.keep_journal)
		(void)journal_end(&move->journal, &unused);
	return err->code;
}

/* After the commit point: the container runs on the destination, whatever is still to be tidied. */
static enum exit_code finish(const struct strategy *strategy, struct move *move, struct err *err)
{
	struct err unused = ERR_INIT;
	enum exit_code code = move->progress.silent ? EXIT_SILENT : EXIT_DONE;

	move->progress.committed = true;
	if (run_after_commit(strategy, move, err) < 0) {
		err->code = EXIT_IN_DOUBT;
		(void)err_append(err, "moved; 'cmigrate recover %s' finishes it",
				 move->bundle.name);
		conclude(move, "in-doubt", EXIT_IN_DOUBT, err);
		return EXIT_IN_DOUBT;
	}
	if (move->progress.silent)
		(void)err_set(err, EXIT_SILENT, "%s", move->progress.silent);
	conclude(move,
		 move->progress.silent		? "silent"
		 : move->kind == MOVE_REHEARSAL ? "rehearsed"
						: "moved",
		 code, err);
	if (journal_end(&move->journal, &unused) < 0)
		event_note(move->events, "%s", unused.msg);
	return code;
}

/*
 * Asked between two steps before the commit point: neither a signal, an abort nor a deadline stops
 * the move.
 * Once packets are released, only an endpoint that stays silent leads back.
 */
static int may_go_on(struct move *move, struct err *err)
{
	steering_look(move);
	/* The way back would forget what clients were told since then. */
	if (move->progress.released)
		return 0;
	if (move_cancelled)
		return err_set(err, EXIT_FAILED, "%s", move_cancelled_by());
	if (deadline_passed(move->progress.deadline_us))
		return err_set(err, EXIT_FAILED, "the move as a whole took too long");
	if (freeze_overran(move))
		return err_set(err, EXIT_FAILED, "the container was frozen for too long");
	return 0;
}

/*
 * A commit whose write failed may be on disk all the same, or still on its way there. The
 * destination's copy may be removed only if the commit is surely taken back, because a recovery
 * would end the other copy.
 */
static bool retract(struct move *move)
{
	struct journal_state state = {0};
	struct err unused = ERR_INIT;

	if (journal_add(&move->journal, "undo", NULL, true, &unused) == 0)
		return true;
	/* A full disk takes neither. */
	if (journal_load(move->journal.state_dir, &state, &unused) < 0)
		return false;
	bool stands = !state.found || state.committed;
	journal_state_clear(&state);
	return !stands;
}

/* The first step whose undo lets the container go on with its address, and nothing more. */
static size_t first_of_freeze(const struct strategy *strategy)
{
	size_t i = 0;

	while (i < strategy->n && strcmp(strategy->steps[i].name, "hold") != 0 &&
	       strcmp(strategy->steps[i].name, "freeze") != 0)
		i++;
	return i;
}

/*
 * CRIU could not seize a process just then: the container goes on for a moment, and the steps from
 * *i on are tried again. false: too many tries, or the way back failed. Memory that goes straight
 * to the destination is not tried again, because its page server serves one dump only.
 */
static bool try_again(const struct strategy *strategy, struct move *move, size_t *i)
{
	const size_t first = first_of_freeze(strategy);
	struct err why = ERR_INIT;

	if (!move->progress.unseized || move_is_direct(move) ||
	    ++move->progress.n_seizures >= SEIZURES)
		return false;
	freeze_lift(move);
	for (size_t n = *i + 1; n-- > first;)
		if (strategy->steps[n].undo && strategy->steps[n].undo(move, &why) != UNDO_DONE)
			return false;
	clock_sleep_ms((int64_t)SEIZURE_PAUSE_MS * move->progress.n_seizures);
	if (park_dump_again(move, &why) < 0)
		return false;
	*i = first;
	return true;
}

enum exit_code engine_resume(const struct strategy *strategy, const char *from, struct move *move,
			     struct err *err)
{
	bool there = false;

	for (size_t i = 0; i < strategy->n; i++) {
		const struct step *step = &strategy->steps[i];
		there = there || strcmp(step->name, from) == 0;
		if (!there)
			continue;
		int status = may_go_on(move, err);
		if (status == 0)
			status = run_step(step, move, false, err);
		strategy = strategy_on_the_way(strategy, move);
		if (status < 0 && step->commit && !retract(move))
			return leave_in_doubt(move, err);
		if (status < 0 && try_again(strategy, move, &i)) {
			event_note(move->events, "%s; tried again", err->msg);
			*err = (struct err)ERR_INIT;
			i--;
			continue;
		}
		if (status < 0)
			return take_back(strategy, i + 1, move, err);
		if (step->commit)
			break;
	}
	return finish(strategy, move, err);
}

enum exit_code engine_forward(const struct strategy *strategy, struct move *move, struct err *err)
{
	return finish(strategy, move, err);
}

enum exit_code engine_back(const struct strategy *strategy, struct move *move, struct err *err)
{
	return take_back(strategy, strategy->n, move, err);
}

static int begin(struct move *move, struct err *err)
{
	struct err unused = ERR_INIT;

	if (may_go_on(move, err) < 0)
		return -1;
	fault_point("begin", "before");
	if (owner_note(&move->state_dir, err) < 0)
		return -1;
	json_t *all = move_json(move);
	int status = journal_begin(&move->journal, all, err);
	json_decref(all);
	if (status < 0)
		(void)journal_end(&move->journal, &unused);
	state_dir_unlock(&move->group_lock);
	return status;
}

/* Each step has a deadline of its own; this is their sum. A pass of pre-copy is one more dump. */
static int64_t limit_ms(const struct move *move)
{
	int64_t dumps = 2 + (move_is_pre_copy(move) ? PRE_COPY_PASSES : 0);

	return STEPS_MS + dumps * move->plan.dump_timeout_ms + move->plan.timeout_ms;
}

enum exit_code engine_run(const struct strategy *strategy, struct move *move, struct err *err)
{
	move->progress.deadline_us = deadline_in_ms(limit_ms(move));
	if (begin(move, err) < 0) {
		set_outcome(move, "refused", EXIT_FAILED, err);
		return err->code = EXIT_FAILED;
	}
	steering_begin(move);
	return engine_resume(strategy, strategy->steps[0].name, move, err);
}
