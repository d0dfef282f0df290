/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/move/engine.h"
#include "cmigrate/move/wish.h"
#include "move/steering.h"
#include "slowness.h"
#include "stub.h"

/* With the points at which the tests end it. */
#include "../../fault_point.c"

/* Steps that only write down that they ran: "+one" for run, "-one" for undo. */
static struct buf trace;
static const char *fails;	    /* the step whose run fails, or NULL */
static const char *cancels;	    /* the step that is interrupted by a signal, or NULL */
static const char *undo_step;	    /* whose undo gives undo_result */
static enum undo_result undo_gives; /* UNDO_DONE for all others */

static const char *aborts; /* the step in which 'cmigrate abort' comes, or NULL */
static void abort_comes(struct move *move);

static int run_named(struct move *move, const char *name, struct err *err)
{
	buf_printf(&trace, "+%s ", name);
	if (aborts && strcmp(aborts, name) == 0)
		abort_comes(move);
	if (cancels && strcmp(cancels, name) == 0)
		move_cancelled = SIGTERM;
	if (fails && strcmp(fails, name) == 0)
		return err_set(err, EXIT_FAILED, "%s is broken", name);
	return 0;
}

static enum undo_result undo_named(const char *name, struct err *err)
{
	buf_printf(&trace, "-%s ", name);
	if (!undo_step || strcmp(undo_step, name) != 0)
		return UNDO_DONE;
	(void)err_set(err, EXIT_FAILED, "no way to undo %s", name);
	return undo_gives;
}

#define RUN(name)                                                                                  \
	static int run_##name(struct move *move, struct err *err)                                  \
	{                                                                                          \
		return run_named(move, #name, err);                                                \
	}
#define UNDO(name)                                                                                 \
	static enum undo_result undo_##name(struct move *move, struct err *err)                    \
	{                                                                                          \
		(void)move;                                                                        \
		return undo_named(#name, err);                                                     \
	}

RUN(one)
UNDO(one)
RUN(two)
UNDO(two)
RUN(three)
RUN(four)
UNDO(four)
RUN(five)
RUN(six)

static int run_commit(struct move *move, struct err *err)
{
	int status = run_named(move, "commit", err);

	return status < 0 ? -1 : journal_add(&move->journal, "commit", NULL, true, err);
}

/* The line is written, and then the shared directory is gone: so said, it failed. */
static int run_commit_and_lose(struct move *move, struct err *err)
{
	CLEANUP_FREE char *away = str_fmt("%s.away", move->state_dir.dir);

	assert_int_equal(run_commit(move, err), 0);
	assert_int_equal(rename(move->state_dir.dir, away), 0);
	/* A file in its place: nothing can be written or read. */
	int fd = open(move->state_dir.dir, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	return err_set(err, EXIT_FAILED, "rhel01: no answer");
}

/* clang-format off */
static const struct step table[] = {
	{"one",    run_one,    undo_one,  false, false},
	{"two",    run_two,    undo_two,  true,  false},
	{"three",  run_three,  NULL,      true,  false},
	{"four",   run_four,   undo_four, false, false},
	{"commit", run_commit, NULL,      false, true},
	{"five",   run_five,   NULL,      false, false},
	{"six",    run_six,    NULL,      false, false},
};

static const struct step losing[] = {
	{"one",    run_one,             undo_one, false, false},
	{"commit", run_commit_and_lose, NULL,     false, true},
	{"five",   run_five,            NULL,     false, false},
};
/* clang-format on */

static const struct strategy strategy_losing = {"losing", losing, 3, false};
static const struct strategy strategy = {"fake", table, sizeof(table) / sizeof(*table), false};

static char *dir;
static struct buf shown;

static void keep_event(void *ctx, const struct event *event)
{
	static const char *const kinds[] = {
		[EVENT_STEP_BEGIN] = "begin", [EVENT_STEP_END] = "end", [EVENT_UNDO] = "undo"};
	(void)ctx;
	if (event->kind == EVENT_NOTE)
		buf_printf(&shown, "note:%s ", event->text);
	else if (event->kind == EVENT_STEP_BEGIN || event->kind == EVENT_STEP_END ||
		 event->kind == EVENT_UNDO)
		buf_printf(&shown, "%s:%s ", kinds[event->kind], event->name);
}

static const struct events events = {keep_event, NULL};

static struct move *new_move(void)
{
	struct move *m = mem_new(1, sizeof(*m));
	struct err err = ERR_INIT;

	assert_int_equal(bundle_init(&m->bundle, dir, "web", &err), 0);
	(void)mkdir(m->bundle.dir, 0700);
	m->side[SOURCE].host = host_new("rhel01", NULL, NULL, NULL);
	m->side[SOURCE].host->root = str_dup(dir);
	m->side[SOURCE].name = str_dup("rhel01");
	m->side[DESTINATION].name = str_dup("rhel02");
	m->plan.strategy = STRATEGY_COLD;
	m->image_dir = str_dup("/images");
	(void)snprintf(m->id, sizeof(m->id), "20240506T070809-1");
	state_dir_init(&m->state_dir, m->side[SOURCE].host, m->bundle.dir);
	m->journal.state_dir = &m->state_dir;
	m->events = &events;
	m->progress.start_us = clock_now_us();
	m->summary.outage_ms = m->summary.freeze_ms = m->summary.freeze_start_ms = -1;
	m->summary.drain_ms = m->summary.stall_ms = -1;
	return m;
}

static struct journal_state journal_of(const struct move *m)
{
	struct journal_state s;
	struct err err = ERR_INIT;

	if (journal_load(&m->state_dir, &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

static bool has_journal(const struct move *m)
{
	struct journal_state s = journal_of(m);
	bool found = s.found;

	journal_state_clear(&s);
	return found;
}

static void drop_journal(struct move *m)
{
	struct err err = ERR_INIT;

	assert_int_equal(journal_end(&m->journal, &err), 0);
}

static void reset(void)
{
	buf_clear(&trace);
	buf_clear(&shown);
	fails = cancels = aborts = undo_step = NULL;
	undo_gives = UNDO_DONE;
	move_cancelled = 0;
}

static void all_goes_well(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_DONE);
	assert_string_equal(trace.s, "+one +two +three +four +commit +five +six ");
	assert_string_equal(m->summary.outcome, "moved");
	assert_int_equal(m->summary.exit_code, EXIT_DONE);
	assert_null(m->summary.error);
	assert_false(has_journal(m));
	assert_true(str_starts(shown.s, "begin:one end:one begin:two end:two begin:three "));
	move_free(m);
}

static void the_summary(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	m->progress.freeze_us = m->progress.start_us + 1000;
	m->progress.thawed_us = m->progress.start_us + 4500;
	m->progress.answered_us = m->progress.start_us + 7000;
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_DONE);
	assert_int_equal(m->summary.n_steps, 7);
	assert_string_equal(m->summary.steps[1].name, "two");
	assert_true(m->summary.steps[1].frozen);
	assert_false(m->summary.steps[3].frozen);
	for (size_t i = 1; i < 7; i++)
		assert_true(m->summary.steps[i].start_ms >= m->summary.steps[i - 1].start_ms);
	assert_true(m->summary.freeze_ms > 3.49 && m->summary.freeze_ms < 3.51);
	assert_true(m->summary.outage_ms > 5.99 && m->summary.outage_ms < 6.01);
	assert_true(m->summary.total_ms >= m->summary.steps[6].start_ms);
	move_free(m);
}

/* A step that fails is undone itself: it may have run half. */
static void failures_before_the_commit_point(void **state)
{
	static const struct {
		const char *step, *trace;
	} rows[] = {
		{"one", "+one -one "},
		{"two", "+one +two -two -one "},
		{"three", "+one +two +three -two -one "},
		{"four", "+one +two +three +four -four -two -one "},
		{"commit", "+one +two +three +four +commit -four -two -one "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = ERR_INIT;
		reset();
		fails = rows[i].step;
		struct move *m = new_move();
		assert_int_equal(engine_run(&strategy, m, &err), EXIT_UNDONE);
		assert_string_equal(trace.s, rows[i].trace);
		CLEANUP_FREE char *why = str_fmt("%s is broken", rows[i].step);
		assert_string_equal(err.msg, why);
		assert_int_equal(err.code, EXIT_UNDONE);
		assert_string_equal(m->summary.outcome, "undone");
		assert_string_equal(m->summary.error, why);
		assert_int_equal(m->summary.exit_code, EXIT_UNDONE);
		assert_false(has_journal(m));
		move_free(m);
	}
}

/* Its steps have left the freeze to the undo. */
static void a_freeze_that_is_too_long(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	m->side[DESTINATION].host = host_new("rhel02", NULL, NULL, NULL);
	m->progress.freeze_end_us = 1;
	m->progress.freeze_bounded = true;
	m->plan.max_downtime_ms = 200;
	assert_int_equal(engine_resume(&strategy, "one", m, &err), EXIT_UNDONE);
	assert_string_equal(trace.s, "-one ");
	assert_string_equal(m->summary.undone_by, "max-downtime");
	assert_true(str_starts(err.msg, "frozen for longer than the 200 ms of --max-downtime: "));
	assert_int_equal(m->progress.freeze_end_us, 0);
	move_free(m);
}

/* Then a recovery may find it: what it would rely on must still be there. */
static void a_commit_of_which_nobody_knows(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	CLEANUP_FREE char *away = str_fmt("%s.away", m->state_dir.dir);
	assert_int_equal(engine_run(&strategy_losing, m, &err), EXIT_IN_DOUBT);
	assert_string_equal(trace.s, "+one +commit ");
	assert_string_equal(m->summary.outcome, "in-doubt");
	assert_non_null(strstr(err.msg, "cmigrate recover web"));
	assert_int_equal(unlink(m->state_dir.dir), 0);
	assert_int_equal(rename(away, m->state_dir.dir), 0);
	struct journal_state found = journal_of(m);
	assert_true(found.committed);
	journal_state_clear(&found);
	drop_journal(m);
	move_free(m);
}

/* Something harmless is left: the way back goes on, recovery is told to finish it. */
static void an_undo_that_leaves_something(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	fails = "four";
	undo_step = "two";
	undo_gives = UNDO_LEFT;
	struct move *m = new_move();
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_UNDONE);
	assert_string_equal(trace.s, "+one +two +three +four -four -two -one ");
	assert_true(str_starts(err.msg, "four is broken; undoing 'two': no way to undo two"));
	assert_non_null(strstr(err.msg, "cmigrate recover web"));
	assert_true(has_journal(m));
	drop_journal(m);
	move_free(m);
}

/* Nothing further may be started or undone once it isn't known whether a copy runs. */
static void an_undo_in_doubt(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	fails = "four";
	undo_step = "two";
	undo_gives = UNDO_DOUBT;
	struct move *m = new_move();
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_IN_DOUBT);
	assert_string_equal(trace.s, "+one +two +three +four -four -two ");
	assert_int_equal(err.code, EXIT_IN_DOUBT);
	assert_true(str_starts(err.msg, "four is broken; undoing 'two': "));
	assert_string_equal(m->summary.outcome, "in-doubt");
	struct journal_state s = journal_of(m);
	assert_true(s.found && s.move && !s.committed);
	assert_string_equal(s.last_step, "four");
	journal_state_clear(&s);
	drop_journal(m);
	move_free(m);
}

/* Behind it nothing is undone, and the other steps are done all the same. */
static void failures_behind_the_commit_point(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	fails = "five";
	struct move *m = new_move();
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_IN_DOUBT);
	assert_string_equal(trace.s, "+one +two +three +four +commit +five +six ");
	assert_true(str_starts(err.msg, "five is broken; moved; 'cmigrate recover web'"));
	struct journal_state s = journal_of(m);
	assert_true(s.committed);
	journal_state_clear(&s);
	drop_journal(m);
	move_free(m);
}

static void a_signal(void **state)
{
	static const struct {
		const char *step, *trace;
		enum exit_code code;
	} rows[] = {
		{"one", "+one -two -one ", EXIT_UNDONE},
		{"three", "+one +two +three -four -two -one ", EXIT_UNDONE},
		{"four", "+one +two +three +four -four -two -one ", EXIT_UNDONE},
		/* Too late: it is only finished. */
		{"commit", "+one +two +three +four +commit +five +six ", EXIT_DONE},
		{"five", "+one +two +three +four +commit +five +six ", EXIT_DONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = ERR_INIT;
		reset();
		cancels = rows[i].step;
		struct move *m = new_move();
		assert_int_equal(engine_run(&strategy, m, &err), rows[i].code);
		assert_string_equal(trace.s, rows[i].trace);
		if (rows[i].code != EXIT_DONE)
			assert_string_equal(err.msg, "stopped by a signal");
		move_free(m);
	}
	reset();
}

/* ---- what other processes ask for, and hear ---- */

static char *events_file(const struct move *m)
{
	CLEANUP_BUF struct buf text = {0};
	bool found = false;
	struct err err = ERR_INIT;

	assert_int_equal(state_dir_read(&m->state_dir, EVENTS_FILE, &text, &found, &err), 0);
	return str_dup(buf_str(&text));
}

static bool in_events(const struct move *m, const char *text)
{
	CLEANUP_FREE char *events_text = events_file(m);

	return strstr(events_text, text) != NULL;
}

/* Looks as the engine does, until the file has the text. */
static void await_event(struct move *m, const char *text)
{
	const int64_t end = deadline_in_ms(scaled_ms(10000));

	while (!in_events(m, text)) {
		if (deadline_passed(end))
			fail_msg("no %s", text);
		steering_look(m);
		clock_sleep_ms(1);
	}
}

/* Another process adds it to the file, and the move hears of it. */
static void abort_comes(struct move *m)
{
	const int64_t end = deadline_in_ms(scaled_ms(10000));
	CLEANUP_WISH struct wish wish = {0};
	struct err err = ERR_INIT;
	bool told = false;

	wish_init(&wish);
	wish.abort = true;
	CLEANUP_FREE char *line = wish_line(&wish, m->id);
	CLEANUP_FREE char *others = wish_line(&wish, "20240506T070809-2");
	while (!told) {
		assert_false(deadline_passed(end));
		assert_int_equal(state_dir_add(&m->state_dir, WISHES_FILE, others, &told, &err), 0);
	}
	assert_int_equal(state_dir_add(&m->state_dir, WISHES_FILE, line, &told, &err), 0);
	CLEANUP_FREE char *answer = str_fmt("\"wish\":\"%s\"", wish.id);
	await_event(m, answer);
}

static void an_abort(void **state)
{
	static const struct {
		const char *step, *trace;
		enum exit_code code;
	} rows[] = {
		{"one", "+one -two -one ", EXIT_UNDONE},
		{"four", "+one +two +three +four -four -two -one ", EXIT_UNDONE},
		{"five", "+one +two +three +four +commit +five +six ", EXIT_DONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = ERR_INIT;
		reset();
		aborts = rows[i].step;
		struct move *m = new_move();
		assert_int_equal(engine_run(&strategy, m, &err), rows[i].code);
		assert_string_equal(trace.s, rows[i].trace);
		if (rows[i].code != EXIT_DONE)
			assert_string_equal(err.msg, "stopped by 'cmigrate abort'");
		/* Nothing is left of it. */
		CLEANUP_FREE char *wishes = str_fmt("%s/wishes", m->state_dir.dir);
		CLEANUP_FREE char *file = str_fmt("%s/events", m->state_dir.dir);
		assert_int_not_equal(access(wishes, F_OK), 0);
		assert_int_not_equal(access(file, F_OK), 0);
		move_free(m);
	}
	reset();
}

static int run_prepare(struct move *m, struct err *err)
{
	(void)err;
	await_event(m, "{\"event\":\"begin\",\"name\":\"prepare\"}");
	return 0;
}

static int run_frozen(struct move *m, struct err *err)
{
	struct err unused = ERR_INIT;

	(void)err;
	event_note(m->events, "while it is frozen");
	/* If it were being written, it would be there after some more requests. */
	for (int i = 0; i < 20; i++) {
		steering_look(m);
		assert_int_equal(
			host_run(m->state_dir.host,
				 &(struct command){.argv = (char *[]){"ready", "count=1", NULL},
						   .timeout_ms = 10000},
				 &unused),
			0);
		assert_false(in_events(m, "freeze"));
		assert_false(in_events(m, "while it is frozen"));
	}
	return 0;
}

static int run_nothing(struct move *m, struct err *err)
{
	(void)m;
	(void)err;
	return 0;
}

static int run_last(struct move *m, struct err *err)
{
	(void)err;
	await_event(m, "{\"event\":\"begin\",\"name\":\"freeze\"}");
	await_event(m, "while it is frozen");
	await_event(m, "{\"event\":\"step\",\"name\":\"dump\"");
	return 0;
}

/* clang-format off */
static const struct step freezing[] = {
	{"prepare", run_prepare, NULL, false, false},
	{"freeze",  run_nothing, NULL, true,  false},
	{"dump",    run_frozen,  NULL, true,  false},
	{"answer",  run_nothing, NULL, false, false},
	{"drain",   run_last,    NULL, false, false},
	{"commit",  run_commit,  NULL, false, true},
};
/* clang-format on */

/* Events are kept while the container is frozen, and written when it has answered. */
static void nothing_is_written_in_the_freeze(void **state)
{
	static const struct strategy freezes = {"freezes", freezing, 6, false};
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	assert_int_equal(engine_run(&freezes, m, &err), EXIT_DONE);
	assert_false(has_journal(m));
	move_free(m);
}

static int64_t limit_of(enum strategy_id id)
{
	struct move *m = new_move();
	struct err err = ERR_INIT;

	reset();
	m->plan.strategy = id;
	m->plan.dump_timeout_ms = 1000000;
	int64_t start_us = clock_now_us();
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_DONE);
	int64_t limit_us = m->progress.deadline_us - start_us;
	drop_journal(m);
	move_free(m);
	return limit_us / 1000;
}

/* A pass may take as long as a dump: eight of them are no reason to end a move. */
static void the_limit_of_a_move(void **state)
{
	int64_t cold = limit_of(STRATEGY_COLD);

	(void)state;
	assert_in_range(cold, 2000000, 3000000);
	assert_in_range(limit_of(STRATEGY_PRE_COPY), cold + 7900000, cold + 8100000);
	assert_in_range(limit_of(STRATEGY_HYBRID), cold + 7900000, cold + 8100000);
	assert_in_range(limit_of(STRATEGY_POST_COPY), cold - 100000, cold + 100000);
}

static void a_silent_endpoint_that_is_kept(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	m->progress.silent = str_dup("endpoint does not answer");
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_SILENT);
	assert_string_equal(err.msg, "endpoint does not answer");
	assert_string_equal(m->summary.outcome, "silent");
	assert_int_equal(m->summary.exit_code, EXIT_SILENT);
	assert_false(has_journal(m));
	move_free(m);
}

/* A move that can't be written down is not begun. */
static void no_journal(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	str_set(&m->state_dir.container, "none");
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_FAILED);
	assert_null(trace.s);
	assert_string_equal(m->summary.outcome, "refused");
	move_free(m);
}

static void resumed(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	assert_int_equal(engine_resume(&strategy, "three", m, &err), EXIT_DONE);
	assert_string_equal(trace.s, "+three +four +commit +five +six ");
	/* What fails then undoes also what others had done. */
	reset();
	fails = "four";
	assert_int_equal(engine_resume(&strategy, "three", m, &err), EXIT_UNDONE);
	assert_string_equal(trace.s, "+three +four -four -two -one ");
	reset();
	assert_int_equal(engine_back(&strategy, m, &err), EXIT_UNDONE);
	assert_string_equal(trace.s, "-four -two -one ");
	reset();
	assert_int_equal(engine_forward(&strategy, m, &err), EXIT_DONE);
	assert_string_equal(trace.s, "+five +six ");
	move_free(m);
}

/* Recovery that tries another way keeps the journal until one has worked. */
static void a_journal_that_is_kept(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	reset();
	fails = "two";
	struct move *m = new_move();
	m->recovery.keep_journal = true;
	assert_int_equal(engine_run(&strategy, m, &err), EXIT_UNDONE);
	assert_true(has_journal(m));
	drop_journal(m);
	move_free(m);
}

static int run_freezing(struct move *move, struct err *err)
{
	move->progress.freeze_us = clock_now_us();
	return run_named(move, "two", err);
}

static int run_answering(struct move *move, struct err *err)
{
	struct journal_state s = journal_of(move);

	/* A file on NFS is flushed when it is closed: not while clients wait. */
	assert_string_equal(s.last_step, "two");
	journal_state_clear(&s);
	move->progress.answered_us = clock_now_us();
	return run_named(move, "four", err);
}

static int run_answered(struct move *move, struct err *err)
{
	struct journal_state s = journal_of(move);

	assert_string_equal(s.last_step, "commit");
	journal_state_clear(&s);
	return run_commit(move, err);
}

/* clang-format off */
static const struct step outage[] = {
	{"one",    run_one,       undo_one,  false, false},
	{"two",    run_freezing,  undo_two,  true,  false},
	{"three",  run_three,     NULL,      true,  false},
	{"four",   run_answering, undo_four, false, false},
	{"commit", run_answered,  NULL,      false, true},
	{"five",   run_five,      NULL,      false, false},
};
/* clang-format on */

static void no_intent_is_written_in_the_outage(void **state)
{
	const struct strategy strategy_outage = {"outage", outage, 6, false};
	struct err err = ERR_INIT;

	(void)state;
	reset();
	struct move *m = new_move();
	assert_int_equal(engine_run(&strategy_outage, m, &err), EXIT_DONE);
	assert_string_equal(trace.s, "+one +two +three +four +commit +five ");
	assert_false(has_journal(m));
	move_free(m);
}

/* Dies at the fault; what it leaves is what recovery finds. */
static void killed(const char *fault, const char *step, bool committed)
{
	int status = 0;

	reset();
	struct move *m = new_move();
	pid_t child = fork();
	if (child == 0) {
		struct err err = ERR_INIT;
		if (strstr(fault, ":undo"))
			fails = "four";
		(void)setenv("CMIGRATE_FAULT", fault, 1);
		(void)engine_run(&strategy, m, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail_msg("%s: status %d", fault, status);
	struct journal_state s = journal_of(m);
	assert_true(s.found && s.move && !s.torn);
	assert_string_equal(s.last_step, step);
	assert_int_equal(s.committed, committed);
	journal_state_clear(&s);
	drop_journal(m);
	move_free(m);
}

static void faults(void **state)
{
	(void)state;
	killed("one:before", "one", false);
	killed("one:after", "one", false);
	killed("three:before", "three", false);
	killed("commit:before", "commit", false);
	killed("commit:after", "commit", true);
	killed("six:before", "six", true);
	killed("six:after", "six", true);
	killed("two:undo", "four", false);
}

static int set_up(void **state)
{
	(void)state;
	dir = stub_dir_make();
	return unsetenv("CMIGRATE_FAULT");
}

static int tear_down(void **state)
{
	(void)state;
	reset();
	stub_dir_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_goes_well),
		cmocka_unit_test(the_summary),
		cmocka_unit_test(failures_before_the_commit_point),
		cmocka_unit_test(a_freeze_that_is_too_long),
		cmocka_unit_test(a_commit_of_which_nobody_knows),
		cmocka_unit_test(an_undo_that_leaves_something),
		cmocka_unit_test(an_undo_in_doubt),
		cmocka_unit_test(no_intent_is_written_in_the_outage),
		cmocka_unit_test(failures_behind_the_commit_point),
		cmocka_unit_test(a_signal),
		cmocka_unit_test(an_abort),
		cmocka_unit_test(nothing_is_written_in_the_freeze),
		cmocka_unit_test(the_limit_of_a_move),
		cmocka_unit_test(a_silent_endpoint_that_is_kept),
		cmocka_unit_test(no_journal),
		cmocka_unit_test(resumed),
		cmocka_unit_test(a_journal_that_is_kept),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
