/* SPDX-License-Identifier: MIT */
#include "steered.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/name.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/history/history.h"
#include "cmigrate/protocol/status.h"

/* How long to wait for a word of the move before its lock is looked at. */
#define SILENCE_MS 2000
/* Pause between two attempts to tell a move that has only begun. */
#define AGAIN_MS 100
/* No line of ours is so long. */
#define LINES_MAX (3 * 1024 * 1024)

void steered_clear(struct steered *st)
{
	state_dir_clear(&st->dir);
	status_clear(&st->status);
	buf_clear(&st->lines);
	free(st->id);
	free(st->source);
	free(st->destination);
}

static const char *name_of(const struct steered *st)
{
	return st->status.bundle.name;
}

static struct host *host_named(const struct steered *st, const char *name)
{
	const struct replies *replies = &st->status.replies;

	for (size_t i = 0; name && i < replies->n; i++) {
		struct host *host = replies->rows[i].host;
		if (!host->lost && strcmp(host->name, name) == 0)
			return host;
	}
	return NULL;
}

/* The source's view is the move's own, mostly: another NFS client may be behind. */
static int choose_host(struct steered *st, struct err *err)
{
	struct host *host = host_named(st, st->source);

	if (!host)
		host = host_named(st, st->destination);
	if (!host && st->status.at && !st->status.at->lost)
		host = st->status.at;
	if (!host)
		return err_set(
			err, EXIT_FAILED,
			"no host that answers has the state of '%s'; try again when one does",
			name_of(st));
	st->dir.host = host;
	return 0;
}

static int none(const struct steered *st, struct err *err)
{
	return err_set(err, EXIT_REFUSED, "no move of '%s' is under way", name_of(st));
}

static int interrupted(const struct steered *st, struct err *err)
{
	(void)err_set(err, EXIT_BUSY,
		      "the process that moved '%s' has ended: the unfinished move waits for "
		      "'cmigrate recover %s'",
		      name_of(st), name_of(st));
	return err_because(err, CAUSE_PENDING);
}

static char *text_of(const json_t *move, const char *key)
{
	char *text = str_dup(json_string_value(json_object_get(move, key)));

	if (text)
		str_mask(text);
	return text;
}

/* 1: it names a move; 0: there is no journal, or it says nothing yet; -1. */
static int read_journal(struct steered *st, struct err *err)
{
	struct journal_state state = {0};
	struct err bad = ERR_INIT;

	if (journal_load(&st->dir, &state, err) < 0)
		return -1;
	const char *id = json_string_value(json_object_get(state.move, "id"));
	bool found = id && name_check_id(id, &bad) == 0;
	if (found && !st->id) {
		st->id = str_dup(id);
		st->source = text_of(state.move, "source");
		st->destination = text_of(state.move, "destination");
	} else if (found) {
		found = strcmp(st->id, id) == 0;
	}
	journal_state_clear(&state);
	return found;
}

static int is_locked(const struct steered *st, bool *ret, struct err *err)
{
	CLEANUP_FREE char *owner = NULL;

	if (state_dir_owner(&st->dir, &owner, err) < 0)
		return -1;
	*ret = owner != NULL;
	return 0;
}

enum life { RUNS, IS_OVER, WAS_INTERRUPTED };

/* The lock is looked at first: it is given back after the journal has gone. */
static int look(struct steered *st, enum life *ret, struct err *err)
{
	bool locked = false;

	if (is_locked(st, &locked, err) < 0)
		return -1;
	int found = read_journal(st, err);
	if (found < 0)
		return -1;
	*ret = found ? (locked ? RUNS : WAS_INTERRUPTED) : IS_OVER;
	return 0;
}

/* A move that makes its checks has the lock and no journal yet. */
static int await_begin(struct steered *st, struct err *err)
{
	ui_wait(st->app->ui, "waiting for the move to begin");
	for (;;) {
		struct job job = {0};
		bool locked = false;
		int found = read_journal(st, err);
		if (found != 0)
			return found < 0 ? -1 : 0;
		if (is_locked(st, &locked, err) < 0)
			return -1;
		/* It may have begun, or come to its end, between the two. */
		if (!locked)
			return read_journal(st, err) > 0 ? 0 : *err->msg ? -1 : none(st, err);
		if (state_dir_tail_start(&st->dir, JOURNAL_FILE, 0, SILENCE_MS, &job, err) < 0)
			return -1;
		job_wait(&job);
		job_clear(&job);
	}
}

int steered_find(struct steered *st, struct app *app, const char *name, const struct argv *hosts,
		 struct err *err)
{
	enum life life = RUNS;

	st->app = app;
	ui_wait(app->ui, "asking the hosts");
	if (status_gather(app, name, hosts, &st->status, err) < 0)
		return -1;
	if (!st->status.at)
		return none(st, err);
	state_dir_init(&st->dir, st->status.at, st->status.bundle.dir);
	if (await_begin(st, err) < 0 || choose_host(st, err) < 0 || look(st, &life, err) < 0)
		return -1;
	if (life == RUNS)
		return 0;
	return life == IS_OVER ? none(st, err) : interrupted(st, err);
}

/* Its end, from the history. */
static int read_end(struct steered *st, struct summary *ret, struct err *err)
{
	CLEANUP_HISTORY struct history history = {0};

	if (history_load(&st->dir, name_of(st), &history, err) < 0)
		return -1;
	for (size_t i = 0; i < history.n; i++) {
		struct summary *s = &history.rows[i].summary;
		if (strcmp(history.rows[i].id, st->id) != 0)
			continue;
		*ret = *s;
		memset(s, 0, sizeof(*s));
		return 0;
	}
	return err_set(err, EXIT_FAILED,
		       "the move of '%s' is over, and nothing tells how it ended: 'cmigrate status "
		       "%s' shows what is true now",
		       name_of(st), name_of(st));
}

static bool is_end(const json_t *object, struct summary *ret)
{
	const char *event = json_string_value(json_object_get(object, "event"));
	struct err bad = ERR_INIT;

	return event && strcmp(event, "summary") == 0 && summary_read(object, ret, &bad) == 0 &&
	       ret->outcome;
}

/* Hears the lines that have come. 1: enough; 0: it is over; -1: go on. */
static int hear_lines(struct steered *st, bool (*hear)(void *ctx, const json_t *event), void *ctx,
		      struct summary *ret)
{
	const char *end;

	while (st->lines.len && (end = memchr(st->lines.s, '\n', st->lines.len)) != NULL) {
		size_t len = (size_t)(end - st->lines.s);
		json_t *object = json_loadb(st->lines.s, len, 0, NULL);
		buf_consume(&st->lines, len + 1);
		bool over = is_end(object, ret);
		bool enough = !over && object && hear && hear(ctx, object);
		json_decref(object);
		if (over || enough)
			return over ? 0 : 1;
	}
	if (st->lines.len > LINES_MAX)
		buf_clear(&st->lines);
	return -1;
}

/* 0: the move goes on, 1: it is over, and its end is in *ret. */
static int check_life(struct steered *st, struct summary *ret, struct err *err)
{
	enum life life = RUNS;

	if (st->dir.host->lost)
		return choose_host(st, err);
	if (look(st, &life, err) < 0)
		return st->dir.host->lost ? choose_host(st, err) : -1;
	if (life == WAS_INTERRUPTED)
		return interrupted(st, err);
	return life == IS_OVER ? (read_end(st, ret, err) < 0 ? -1 : 1) : 0;
}

int steered_hear(struct steered *st, bool (*hear)(void *ctx, const json_t *event), void *ctx,
		 struct summary *ret, struct err *err)
{
	for (;;) {
		CLEANUP_JOB struct job job = {0};
		if (state_dir_tail_start(&st->dir, EVENTS_FILE, st->size, SILENCE_MS, &job, err) <
		    0)
			return -1;
		job_wait(&job);
		if (state_dir_tailed(&job, &st->lines, &st->size)) {
			int heard = hear_lines(st, hear, ctx, ret);
			if (heard >= 0)
				return heard;
			continue;
		}
		int over = check_life(st, ret, err);
		if (over != 0)
			return over < 0 ? -1 : 0;
	}
}

int steered_wish(struct steered *st, const struct wish *wish, struct summary *ret, struct err *err)
{
	CLEANUP_FREE char *line = wish_line(wish, st->id);

	for (;;) {
		bool told = false;
		if (state_dir_add(&st->dir, WISHES_FILE, line, &told, err) < 0)
			return -1;
		if (told)
			return 0;
		int over = check_life(st, ret, err);
		if (over != 0)
			return over;
		clock_sleep_ms(AGAIN_MS);
	}
}
