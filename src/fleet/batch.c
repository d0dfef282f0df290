/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/batch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/move/move.h"
#include "row_process.h"

/* How often signals are looked for. */
#define TICK_MS 100
/* Pause between two attempts at a container that another cmigrate holds. */
#define BUSY_PAUSE_MS 1000

static const char *const words[] = {
	[BATCH_WAITING] = "not-begun",
	[BATCH_MOVED] = "moved",
	[BATCH_CHECKPOINTED] = "checkpointed",
	[BATCH_STOPPED] = "stopped",
	[BATCH_RESTORED] = "restored",
	[BATCH_STARTED] = "started",
	[BATCH_GONE] = "gone",
	[BATCH_BUSY] = "busy",
	[BATCH_LATE] = "late",
	[BATCH_PENDING] = "pending",
	[BATCH_REFUSED] = "refused",
	[BATCH_UNDONE] = "undone",
	[BATCH_SILENT] = "silent",
	[BATCH_IN_DOUBT] = "in-doubt",
	[BATCH_FAILED] = "failed",
	[BATCH_LOST] = "lost",
};

const char *batch_word(enum batch_outcome outcome)
{
	return words[outcome];
}

bool batch_is_failure(enum batch_outcome outcome)
{
	return outcome >= BATCH_LATE;
}

size_t batch_count(const struct batch_move *rows, size_t n, enum batch_outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += rows[i].outcome == outcome;
	return count;
}

size_t batch_count_failed(const struct batch_move *rows, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += batch_is_failure(rows[i].outcome);
	return count;
}

void batch_move_clear(struct batch_move *m)
{
	free(m->name);
	free(m->from);
	free(m->to);
	free(m->error);
	summary_clear(&m->summary);
	memset(m, 0, sizeof(*m));
}

void batch_caller_clear(struct batch_caller *caller)
{
	argv_clear(&caller->options);
}

int batch_check_options(unsigned parallel, const struct argv *skip_checks, bool strict,
			struct argv *options, struct err *err)
{
	CLEANUP_ARGV struct argv ids = {0};

	if (parallel > BATCH_PARALLEL_MAX)
		return err_set(err, EXIT_USAGE, "--parallel: at most %d", BATCH_PARALLEL_MAX);
	int status = preflight_skip(skip_checks, &ids, err);

	for (size_t i = 0; i < ids.n; i++)
		argv_addl(options, "--skip-check", ids.v[i], NULL);
	if (strict)
		argv_add(options, "--strict");
	return status;
}

void batch_add_wishes(unsigned max_downtime_ms, const char *if_slow, const char *encrypt,
		      struct argv *options)
{
	if (max_downtime_ms)
		argv_addf(options, "--max-downtime=%u", max_downtime_ms);
	if (if_slow)
		argv_addf(options, "--if-slow=%s", if_slow);
	if (encrypt)
		argv_addf(options, "--encrypt=%s", encrypt);
}

static void finish_row(struct batch *b, size_t row)
{
	struct batch_move *m = &b->rows[row];

	m->done = true;
	if (m->begun_us)
		m->ms = (double)(clock_now_us() - m->begun_us) / 1000;
	if (b->stop_on_error && batch_is_failure(m->outcome))
		b->stopped = true;
	if (b->ways.report)
		b->ways.report(b->ways.ctx, row);
}

static bool wait_for_other(struct batch *b, struct batch_move *m)
{
	if (m->outcome != BATCH_BUSY || !b->busy_ms || b->stopped)
		return false;
	if (!m->busy_until)
		m->busy_until = deadline_in_ms(b->busy_ms);
	m->not_before = deadline_in_ms(BUSY_PAUSE_MS);
	return !deadline_passed(m->busy_until);
}

/* Handles the end of a process: its move is over, or is tried again. */
static void handle_end(struct batch *b, size_t row)
{
	struct batch_move *m = &b->rows[row];

	m->running = false;
	m->exit_code = m->job.status;
	row_process_read(b, m);
	job_clear(&m->job);
	if (b->ways.ended)
		b->ways.ended(b->ways.ctx, row, !m->exit_code || m->outcome == BATCH_SILENT);
	if (wait_for_other(b, m))
		return;
	bool elsewhere = m->outcome == BATCH_REFUSED ||
			 (m->outcome == BATCH_UNDONE && !b->stop_on_error) ||
			 (m->outcome == BATCH_FAILED && m->verb);
	if (elsewhere && b->ways.refused && b->ways.refused(b->ways.ctx, row) && !b->stopped)
		return;
	finish_row(b, row);
}

static size_t moving(const struct batch *b, const char *host, bool into)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct batch_move *m = &b->rows[i];
		const char *end = into ? m->to : m->from;
		n += m->running && end && host && strcmp(end, host) == 0;
	}
	return n;
}

/* Ends a row that waits, if it can no longer end in time. */
static bool is_late(struct batch *b, size_t row)
{
	struct batch_move *m = &b->rows[row];
	struct err why = ERR_INIT;

	if (m->done || m->running || !b->ways.late || !b->ways.late(b->ways.ctx, row, false, &why))
		return false;
	/* A refusal, or the reason of an undone move, tells more. */
	if (!m->error)
		str_set(&m->error, why.msg);
	m->outcome = BATCH_LATE;
	finish_row(b, row);
	return true;
}

/* Has the moves undone that can no longer end in time. A second signal would not hurry them. */
static void tell_late(struct batch *b)
{
	struct err why = ERR_INIT;

	for (size_t i = 0; b->ways.late && i < b->n; i++) {
		struct batch_move *m = &b->rows[i];
		if (!m->running || m->told || !b->ways.late(b->ways.ctx, i, true, &why))
			continue;
		m->told = true;
		proc_signal(&m->job.proc, SIGTERM);
	}
}

/* 0: begun; 1: not now; -1: it never will be. */
static int try_start(struct batch *b, struct host *here, size_t row)
{
	struct batch_move *m = &b->rows[row];
	struct err err = ERR_INIT;
	unsigned parallel = b->parallel ? b->parallel : BATCH_PARALLEL;

	if (is_late(b, row))
		return -1;
	if (m->done || m->running || (m->not_before && !deadline_passed(m->not_before)) ||
	    moving(b, m->from, false) >= parallel)
		return 1;
	int status = b->ways.choose ? b->ways.choose(b->ways.ctx, row, &err) : 0;
	if (status == 0 && moving(b, m->to, true) >= parallel)
		return 1;
	if (status == 0)
		status = row_process_start(b, here, row, &err);
	if (status >= 0)
		return status;
	/* The last host's refusal tells more than "no host is left". */
	if (m->outcome != BATCH_REFUSED && m->outcome != BATCH_UNDONE) {
		str_set(&m->error, err.msg);
		m->outcome = err.code == EXIT_REFUSED ? BATCH_REFUSED : BATCH_FAILED;
	}
	finish_row(b, row);
	return -1;
}

static void start_more(struct batch *b, struct host *here)
{
	for (size_t i = 0; i < b->n && !b->stopped; i++)
		(void)try_start(b, here, i);
}

static size_t collect_running(struct batch *b, struct job **jobs, size_t *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (!b->rows[i].running)
			continue;
		rows[n] = i;
		jobs[n++] = &b->rows[i].job;
	}
	return n;
}

static bool is_over(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->rows[i].running || (!b->stopped && !b->rows[i].done))
			return false;
	return true;
}

/* Sent once: a second signal would not stop a process sooner. */
static void pass_signal_on(struct batch *b, bool *passed)
{
	if (!move_cancelled || *passed)
		return;
	*passed = true;
	b->stopped = true;
	for (size_t i = 0; i < b->n; i++)
		if (b->rows[i].running)
			proc_signal(&b->rows[i].job.proc, SIGTERM);
}

void batch_run(struct batch *b)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, b->caller->events);
	struct job **jobs = mem_new(b->n, sizeof(*jobs));
	size_t *rows = mem_new(b->n, sizeof(*rows));
	bool passed = false;

	for (size_t i = 0; i < b->n; i++) {
		b->rows[i].exit_code = -1;
		b->rows[i].ms = -1;
	}
	for (;;) {
		pass_signal_on(b, &passed);
		tell_late(b);
		b->stopped = b->stopped || batch_ear_hears(b->ear);
		start_more(b, here);
		if (is_over(b))
			break;
		size_t n = collect_running(b, jobs, rows);
		int ended = jobs_wait_any(jobs, n, deadline_in_ms(TICK_MS));
		if (ended >= 0)
			handle_end(b, rows[ended]);
		else if (!n)
			clock_sleep_ms(TICK_MS);
	}
	for (size_t i = 0; i < b->n; i++)
		if (!b->rows[i].done)
			finish_row(b, i);
	free(jobs);
	free(rows);
}
