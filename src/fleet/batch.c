/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/batch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/move/move.h"

/* This very program, even if its file was replaced meanwhile. */
#define OURSELVES "/proc/self/exe"
/* How often signals are looked for. */
#define TICK_MS 100
/* Pause between two attempts at a container that another cmigrate holds. */
#define BUSY_PAUSE_MS 1000
#define PARALLEL_MAX 64

static const char *const words[] = {
	[BATCH_WAITING] = "not-begun", [BATCH_MOVED] = "moved",	    [BATCH_GONE] = "gone",
	[BATCH_BUSY] = "busy",	       [BATCH_PENDING] = "pending", [BATCH_REFUSED] = "refused",
	[BATCH_UNDONE] = "undone",     [BATCH_SILENT] = "silent",   [BATCH_IN_DOUBT] = "in-doubt",
	[BATCH_FAILED] = "failed",     [BATCH_LOST] = "lost",
};

const char *batch_word(enum batch_outcome outcome)
{
	return words[outcome];
}

bool batch_is_failure(enum batch_outcome outcome)
{
	return outcome >= BATCH_PENDING;
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

int batch_check_options(unsigned parallel, const struct argv *skip_checks, struct argv *options,
			struct err *err)
{
	CLEANUP_ARGV struct argv ids = {0};

	if (parallel > PARALLEL_MAX)
		return err_set(err, EXIT_USAGE, "--parallel: at most %d", PARALLEL_MAX);
	int status = preflight_skip(skip_checks, &ids, err);

	for (size_t i = 0; i < ids.n; i++)
		argv_addl(options, "--skip-check", ids.v[i], NULL);
	return status;
}

void batch_add_bound(unsigned max_downtime_ms, const char *if_slow, struct argv *options)
{
	if (max_downtime_ms)
		argv_addf(options, "--max-downtime=%u", max_downtime_ms);
	if (if_slow)
		argv_addf(options, "--if-slow=%s", if_slow);
}

/* ---- one process ---- */

static void child_argv(const struct batch *b, const struct batch_move *m, struct argv *a)
{
	argv_addl(a, OURSELVES, "--json", NULL);
	argv_extend(a, &b->caller->options);
	argv_add(a, b->verb);
	if (b->options)
		argv_extend(a, b->options);
	argv_addl(a, "--from", m->from, "--", m->name, m->to, NULL);
}

static int start(struct batch *b, struct host *here, size_t row, struct err *err)
{
	struct batch_move *m = &b->rows[row];
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *shown =
		str_fmt("cmigrate %s --from %s %s %s", b->verb, m->from, m->name, m->to);

	child_argv(b, m, &a);
	/* No deadline here: everything that the process waits for has its own. */
	/* Different batches use different numbers, as far as there are enough. */
	CLEANUP_FREE char *number =
		str_fmt(MOVE_NUMBER_ENV "=%lu", (unsigned long)getpid() * 64 + row);
	char *env[] = {number, NULL};
	struct command cmd = {.argv = a.v, .env = env, .shown = shown, .timeout_ms = 0};
	if (host_start_program(here, &cmd, &m->job, err) < 0)
		return -1;
	m->running = true;
	if (!m->begun_us)
		m->begun_us = clock_now_us();
	if (b->ways.begun)
		b->ways.begun(b->ways.ctx, row);
	return 0;
}

/*
 * Reads the last line that is a summary. Other lines are skipped, because output may be cut short.
 */
static void read_summary(struct batch_move *m)
{
	char *save = NULL;
	CLEANUP_FREE char *out = str_dup(buf_str(&m->job.out));

	summary_clear(&m->summary);
	for (char *line = strtok_r(out, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct err ignored = ERR_INIT;
		struct summary s = {0};
		json_t *object = json_loads(line, 0, NULL);
		const char *event = json_string_value(json_object_get(object, "event"));
		if (event && strcmp(event, "summary") == 0 &&
		    summary_read(object, &s, &ignored) == 0) {
			summary_clear(&m->summary);
			m->summary = s;
		}
		json_decref(object);
	}
}

/* The last line on stderr, without the program's name. */
static char *last_words(const struct buf *text)
{
	static const char name[] = "cmigrate: ";
	CLEANUP_FREE char *line = str_last_line(buf_str(text));

	str_mask(line);
	return str_dup(str_starts(line, name) ? line + strlen(name) : line);
}

/* Passes the commands that the process ran on, under its container's name. */
static void pass_on_verbose(const struct batch *b, const struct batch_move *m)
{
	char *save = NULL;
	CLEANUP_FREE char *said = str_dup(buf_str(&m->job.err));

	if (!argv_has(&b->caller->options, "--verbose"))
		return;
	for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		str_mask(line);
		event_note(b->caller->events, "%s: %s", m->name, line);
	}
}

static void read_error(struct batch_move *m)
{
	CLEANUP_FREE char *said = last_words(&m->job.err);

	str_set(&m->error, m->exit_code ? m->summary.error : NULL);
	if (m->exit_code && !m->error)
		str_set(&m->error, said);
	if (m->error && !*m->error) {
		free(m->error);
		m->error = str_fmt("its process ended with status %d", m->exit_code);
	}
	/* An interrupted move leaves a journal. */
	if (m->exit_code >= 128) {
		free(m->error);
		m->error = str_fmt("its process was killed by signal %d; 'cmigrate recover %s' "
				   "settles what it left",
				   m->exit_code - 128, m->name);
	}
}

static enum batch_outcome outcome_of(const struct batch_move *m)
{
	const struct summary *s = &m->summary;

	switch (m->exit_code) {
	case EXIT_DONE:
		return BATCH_MOVED;
	case EXIT_REFUSED:
		return summary_has_cause(s, CAUSE_GONE) ? BATCH_GONE : BATCH_REFUSED;
	case EXIT_BUSY:
		return summary_has_cause(s, CAUSE_PENDING) ? BATCH_PENDING : BATCH_BUSY;
	case EXIT_UNDONE:
		return BATCH_UNDONE;
	case EXIT_SILENT:
		return BATCH_SILENT;
	case EXIT_IN_DOUBT:
		return BATCH_IN_DOUBT;
	case EXIT_LOST:
		return BATCH_LOST;
	default:
		return BATCH_FAILED;
	}
}

/* ---- all of them ---- */

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
	read_summary(m);
	read_error(m);
	m->outcome = outcome_of(m);
	pass_on_verbose(b, m);
	job_clear(&m->job);
	if (b->ways.ended)
		b->ways.ended(b->ways.ctx, row,
			      m->outcome == BATCH_MOVED || m->outcome == BATCH_SILENT);
	if (wait_for_other(b, m))
		return;
	bool elsewhere =
		m->outcome == BATCH_REFUSED || (m->outcome == BATCH_UNDONE && !b->stop_on_error);
	if (elsewhere && b->ways.refused && b->ways.refused(b->ways.ctx, row) && !b->stopped)
		return;
	finish_row(b, row);
}

static size_t moving(const struct batch *b, const char *host, bool into)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct batch_move *m = &b->rows[i];
		n += m->running && strcmp(into ? m->to : m->from, host) == 0;
	}
	return n;
}

/* 0: begun; 1: not now; -1: it never will be. */
static int try_start(struct batch *b, struct host *here, size_t row)
{
	struct batch_move *m = &b->rows[row];
	struct err err = ERR_INIT;
	unsigned parallel = b->parallel ? b->parallel : BATCH_PARALLEL;

	if (m->done || m->running || (m->not_before && !deadline_passed(m->not_before)) ||
	    moving(b, m->from, false) >= parallel)
		return 1;
	int status = b->ways.choose ? b->ways.choose(b->ways.ctx, row, &err) : 0;
	if (status == 0 && moving(b, m->to, true) >= parallel)
		return 1;
	if (status == 0)
		status = start(b, here, row, &err);
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
