/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/batch_wish.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/host/ask_all.h"
#include "cmigrate/move/wish.h"

/* A batch that lives answers in a fraction of this time: it looks every 100 ms. */
#define ANSWER_MS 10000

struct batch_ear {
	struct host *host;
	struct state_dir dir;
	const struct events *events;
	struct job tail;
	struct buf lines;
	size_t size;
	bool heard;
};

char *batch_of_drain(const char *host)
{
	return str_fmt("drain-%s", host);
}

static void listen_on(struct batch_ear *ear)
{
	struct err unheard = ERR_INIT;

	job_clear(&ear->tail);
	(void)state_dir_tail_start(&ear->dir, WISHES_FILE, ear->size, 0, &ear->tail, &unheard);
}

struct batch_ear *batch_ear_open(const struct config *config, const char *host, const char *batch,
				 const struct events *events)
{
	struct err why = ERR_INIT;
	CLEANUP_BUF struct buf old = {0};
	bool found = false;
	struct host *at = config_host(config, host, events, &why);

	if (!at)
		return NULL;
	struct batch_ear *ear = mem_new(1, sizeof(*ear));
	ear->host = at;
	ear->events = events;
	state_dir_init_batch(&ear->dir, at, config->bundle_root, batch);
	/* Wishes that are left of a batch which was killed are not for this one. */
	if (state_dir_read(&ear->dir, WISHES_FILE, &old, &found, &why) == 0 &&
	    state_dir_note(&ear->dir, WISHES_FILE, "", &why) == 0) {
		ear->size = old.len;
		listen_on(ear);
		return ear;
	}
	event_note(events, "'cmigrate abort' can't reach this command: %s", why.msg);
	batch_ear_close(ear);
	return NULL;
}

static void answer(struct batch_ear *ear, const struct wish *wish)
{
	struct err unheard = ERR_INIT;
	json_t *object = json_pack("{s:s, s:s, s:s}", "event", "answer", "wish", wish->id, "answer",
				   wish_answer_word(WISH_TAKEN));
	CLEANUP_FREE char *line = json_line(object);
	CLEANUP_FREE char *text = str_fmt("%s\n", line ? line : "");

	json_decref(object);
	(void)state_dir_note(&ear->dir, EVENTS_FILE, text, &unheard);
	if (!ear->heard)
		event_note(ear->events,
			   "no further move begins: 'cmigrate abort' was asked for by %s",
			   wish->by);
	ear->heard = true;
}

static void hear_lines(struct batch_ear *ear)
{
	const char *end;

	while (ear->lines.len && (end = memchr(ear->lines.s, '\n', ear->lines.len)) != NULL) {
		CLEANUP_WISH struct wish wish = {0};
		size_t len = (size_t)(end - ear->lines.s);
		if (wish_read(ear->lines.s, len, ear->dir.batch, &wish) && wish.abort)
			answer(ear, &wish);
		buf_consume(&ear->lines, len + 1);
	}
}

bool batch_ear_hears(struct batch_ear *ear)
{
	if (!ear)
		return false;
	struct job *tail = &ear->tail;
	if (tail->state == JOB_RUNNING)
		(void)jobs_wait_any(&tail, 1, clock_now_us());
	if (tail->state == JOB_DONE && state_dir_tailed(tail, &ear->lines, &ear->size)) {
		listen_on(ear);
		hear_lines(ear);
	}
	return ear->heard;
}

void batch_ear_close(struct batch_ear *ear)
{
	struct err unheard = ERR_INIT;

	if (!ear)
		return;
	job_cancel(&ear->tail);
	if (!ear->host->lost)
		(void)state_dir_remove(&ear->dir, WISHES_FILE, &unheard);
	state_dir_clear(&ear->dir);
	buf_clear(&ear->lines);
	host_free(ear->host);
	free(ear);
}

void batch_ear_close_p(struct batch_ear **ear)
{
	batch_ear_close(*ear);
}

/* ---- the other side ---- */

/* The hosts that may have the shared directory, the likeliest first. */
static int name_hosts(const struct config *config, const char *first, struct argv *names,
		      struct err *err)
{
	if (config_need_hosts(config, 1, err) < 0)
		return -1;
	if (first && !config_find(config, first))
		return err_set(err, EXIT_USAGE, "no host '%s' in the configuration", first);
	if (first)
		argv_add(names, first);
	for (size_t i = 0; i < config->n_hosts; i++)
		if (!first || strcmp(config->hosts[i].name, first) != 0)
			argv_add(names, config->hosts[i].name);
	return 0;
}

static bool has_answer(const struct buf *text, const char *wish)
{
	CLEANUP_FREE char *word = str_fmt("\"%s\"", wish);

	return text->len && strstr(buf_str(text), word);
}

static bool await_answer(const struct state_dir *dir, const char *wish)
{
	const int64_t end = deadline_in_ms(ANSWER_MS);
	CLEANUP_BUF struct buf text = {0};
	size_t size = 0;

	while (!has_answer(&text, wish) && !deadline_passed(end)) {
		CLEANUP_JOB struct job job = {0};
		struct err unheard = ERR_INIT;
		if (state_dir_tail_start(dir, EVENTS_FILE, size, deadline_poll_ms(end) + 1, &job,
					 &unheard) < 0)
			return false;
		job_wait(&job);
		if (!state_dir_tailed(&job, &text, &size))
			break;
	}
	return has_answer(&text, wish);
}

/* 1: it knows; 0: nobody listens there; -1: the host can't tell. */
static int wish_at(struct host *host, const char *root, const char *batch, const struct wish *wish,
		   struct err *err)
{
	CLEANUP_FREE char *line = wish_line(wish, batch);
	struct state_dir dir = {0};
	struct err unheard = ERR_INIT;
	bool told = false;

	state_dir_init_batch(&dir, host, root, batch);
	int status = state_dir_add(&dir, WISHES_FILE, line, &told, err);
	if (status == 0 && told) {
		status = await_answer(&dir, wish->id);
		/* A batch that was killed has left it. */
		if (status == 0 && !host->lost)
			(void)state_dir_remove(&dir, WISHES_FILE, &unheard);
	}
	state_dir_clear(&dir);
	return status;
}

int batch_wish_abort(const struct config *config, const char *batch, const char *first,
		     const struct events *events, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};
	CLEANUP_REPLIES struct replies replies = {0};
	CLEANUP_WISH struct wish wish = {0};
	int known = -1;

	if (name_hosts(config, first, &names, err) < 0 ||
	    replies_open(config, &names, NULL, events, &replies, err) < 0)
		return -1;
	for (size_t i = 0; i < replies.n; i++)
		host_connect(replies.rows[i].host);
	wish_init(&wish);
	wish.abort = true;
	for (size_t i = 0; i < replies.n && known <= 0; i++) {
		struct err why = ERR_INIT;
		int told = wish_at(replies.rows[i].host, config->bundle_root, batch, &wish, &why);
		if (told < 0 && known < 0)
			*err = why;
		known = told > known ? told : known;
	}
	if (known > 0)
		return 0;
	if (known < 0)
		return -1;
	return first ? err_set(err, EXIT_REFUSED, "no drain of %s is under way", first)
		     : err_set(err, EXIT_REFUSED, "no rebalance is under way");
}
