/* SPDX-License-Identifier: MIT */
#include "row_process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/move/move.h"

/* This very program, even if its file was replaced meanwhile. */
#define OURSELVES "/proc/self/exe"

/* Commands other than a move, and the outcome of a row for which one worked. */
static const struct act {
	const char *verb;
	bool on_source;
	enum batch_outcome done;
} acts[] = {
	{"checkpoint", true, BATCH_CHECKPOINTED},
	{"stop", true, BATCH_STOPPED},
	{"restore", false, BATCH_RESTORED},
	{"run", false, BATCH_STARTED},
};

/* NULL: a whole move. */
static const struct act *act_of(const struct batch_move *m)
{
	for (size_t i = 0; m->verb && i < sizeof(acts) / sizeof(*acts); i++)
		if (strcmp(m->verb, acts[i].verb) == 0)
			return &acts[i];
	return NULL;
}

static const char *act_host(const struct act *act, const struct batch_move *m)
{
	return act->on_source ? m->from : m->to;
}

static void child_argv(const struct batch *b, const struct batch_move *m, struct argv *a)
{
	argv_addl(a, OURSELVES, "--json", NULL);
	argv_extend(a, &b->caller->options);
	const struct act *act = act_of(m);
	if (act) {
		argv_add(a, act->verb);
		if (b->options && !b->verb)
			argv_extend(a, b->options);
		argv_addl(a, "--on", act_host(act, m), "--", m->name, NULL);
		return;
	}
	argv_add(a, b->verb);
	if (b->options)
		argv_extend(a, b->options);
	argv_addl(a, "--from", m->from, "--", m->name, m->to, NULL);
}

int row_process_start(struct batch *b, struct host *here, size_t row, struct err *err)
{
	struct batch_move *m = &b->rows[row];
	CLEANUP_ARGV struct argv a = {0};
	const struct act *act = act_of(m);
	CLEANUP_FREE char *shown =
		act ? str_fmt("cmigrate %s --on %s %s", act->verb, act_host(act, m), m->name)
		    : str_fmt("cmigrate %s --from %s %s %s", b->verb, m->from, m->name, m->to);

	child_argv(b, m, &a);
	/* No deadline here: everything that the process waits for has its own. */
	/* Different batches use different numbers, as far as there are enough. */
	CLEANUP_FREE char *number =
		str_fmt(MOVE_NUMBER_ENV "=%lu", (unsigned long)getpid() * 64 + row);
	char *env[] = {number, NULL};
	struct command cmd = {.argv = a.v, .env = env, .shown = shown, .timeout_ms = 0};
	if (b->ways.begun)
		b->ways.begun(b->ways.ctx, row);
	if (host_start_program(here, &cmd, &m->job, err) < 0) {
		if (b->ways.ended)
			b->ways.ended(b->ways.ctx, row, false);
		return -1;
	}
	m->running = true;
	m->told = false;
	if (!m->begun_us)
		m->begun_us = clock_now_us();
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
	const struct act *act = act_of(m);

	switch (m->exit_code) {
	case EXIT_DONE:
		return act ? act->done : BATCH_MOVED;
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

void row_process_read(const struct batch *b, struct batch_move *m)
{
	read_summary(m);
	read_error(m);
	m->outcome = outcome_of(m);
	pass_on_verbose(b, m);
}
