/* SPDX-License-Identifier: MIT */
#include "steering.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/event_json.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/move/wish.h"
#include "part.h"
#include "steps.h"

/* The largest file of events. From half of it on progress is left out, of which there is no end. */
#define EVENTS_MAX (1024 * 1024)
/* A line takes a millisecond. */
#define NOTE_MS 50
/* How often wishes are looked for while a move waits. */
#define LOOK_MS 200
/* How long the end of a move waits for its last words. */
#define LAST_MS 5000
/* A wish is one line. */
#define WISHES_MAX 65536

struct steering {
	const struct events *inner; /* those of the command */
	struct events events;
	struct buf pending; /* lines that are not written yet */
	struct job note, tail;
	struct buf wishes; /* read, up to the last line that has its end */
	size_t wished;	   /* bytes of the file that were read */
	size_t written;
	const char *step; /* under way */
	bool open;	  /* begun, and not over */
	bool quiet;	  /* the container is about to freeze, or frozen, or not heard of since */
	bool post_copy;
};

/* Writes what is pending, unless that would disturb the freeze, or the shared directory is slow. */
static void flush(struct move *move)
{
	struct steering *s = move->steering;
	struct job *note = &s->note;
	struct err unheard = ERR_INIT;

	if (s->quiet || !s->pending.len)
		return;
	/* They are to be in order: one at a time. */
	if (note->state == JOB_RUNNING)
		(void)jobs_wait_any(&note, 1, deadline_in_ms(NOTE_MS));
	if (note->state == JOB_RUNNING)
		return;
	job_clear(note);
	s->written += s->pending.len;
	(void)state_dir_note_start(&move->state_dir, EVENTS_FILE, s->pending.s, note, &unheard);
	buf_clear(&s->pending);
}

static void put(struct move *move, json_t *object)
{
	struct steering *s = move->steering;
	CLEANUP_FREE char *line = object ? json_line(object) : NULL;

	json_decref(object);
	if (!line || s->written + s->pending.len + strlen(line) > EVENTS_MAX)
		return;
	buf_printf(&s->pending, "%s\n", line);
	flush(move);
}

/* Between those two its packets are held back, or it is frozen. */
static void note_step(struct steering *s, const struct event *event)
{
	if (event->kind == EVENT_STEP_BEGIN) {
		s->step = event->name;
		s->quiet = s->quiet || strcmp(event->name, "hold") == 0 ||
			   strcmp(event->name, "freeze") == 0;
	} else if (event->kind == EVENT_STEP_END && strcmp(event->name, "answer") == 0) {
		s->quiet = false;
	}
}

static void on_event(void *ctx, const struct event *event)
{
	struct move *move = ctx;
	struct steering *s = move->steering;

	event_emit(s->inner, event);
	if (!s->open)
		return;
	note_step(s, event);
	if (event->kind != EVENT_PROGRESS || s->written < EVENTS_MAX / 2)
		put(move, event_kept_json(event));
}

static void watch(struct move *move)
{
	struct steering *s = move->steering;
	struct err unheard = ERR_INIT;

	job_clear(&s->tail);
	(void)state_dir_tail_start(&move->state_dir, WISHES_FILE, s->wished, 0, &s->tail, &unheard);
}

void steering_begin(struct move *move)
{
	struct steering *s = mem_new(1, sizeof(*s));
	struct err unheard = ERR_INIT;

	move->steering = s;
	s->inner = move->events;
	s->events = (struct events){on_event, move};
	s->open = true;
	move->events = &s->events;
	/* Whoever wishes something adds to a file that is there. */
	(void)state_dir_note_start(&move->state_dir, WISHES_FILE, "", &s->note, &unheard);
	watch(move);
	put(move, json_pack("{s:s, s:s, s:s, s:s}", "event", "move", "id", move->id, "source",
			    move->side[SOURCE].name, "destination", move->side[DESTINATION].name));
}

static void set_bandwidth(struct move *move, const struct wish *wish)
{
	move->plan.bandwidth = wish->bandwidth;
	move_set_dump_timeout(move, move->summary.memory_bytes);
	pace_start(move);
	event_note(move->events, "--bandwidth is %llu bytes a second from now on, set by %s",
		   (unsigned long long)wish->bandwidth, wish->by);
}

static void take(struct move *move, const struct wish *wish)
{
	struct steering *s = move->steering;
	const struct wish_state state = {.step = s->step,
					 .strategy = move->plan.strategy,
					 .released = move->progress.released,
					 .committed = move->progress.committed,
					 .direct = move_is_direct(move)};
	enum wish_answer answer = wish_decide(wish, &state);

	put(move, json_pack("{s:s, s:s, s:s}", "event", "answer", "wish", wish->id, "answer",
			    wish_answer_word(answer)));
	if (answer != WISH_TAKEN)
		return;
	if (wish->abort) {
		event_note(move->events, "'cmigrate abort' was asked for by %s", wish->by);
		move_cancelled = MOVE_ABORTED;
		return;
	}
	if (wish->max_downtime_ms) {
		move->plan.max_downtime_ms = wish->max_downtime_ms;
		event_note(move->events, "--max-downtime is %u from now on, set by %s",
			   wish->max_downtime_ms, wish->by);
	}
	s->post_copy = s->post_copy || wish->post_copy;
	if (wish->bandwidth >= BANDWIDTH_MIN)
		set_bandwidth(move, wish);
}

/* Takes the lines that have their end. */
static void take_lines(struct move *move)
{
	struct steering *s = move->steering;
	const char *end;

	while (s->wishes.len && (end = memchr(s->wishes.s, '\n', s->wishes.len)) != NULL) {
		CLEANUP_WISH struct wish wish = {0};
		size_t len = (size_t)(end - s->wishes.s);
		if (wish_read(s->wishes.s, len, move->id, &wish))
			take(move, &wish);
		buf_consume(&s->wishes, len + 1);
	}
	if (s->wishes.len > WISHES_MAX)
		buf_clear(&s->wishes);
}

void steering_look(struct move *move)
{
	struct steering *s = move->steering;

	if (!s || !s->open)
		return;
	struct job *tail = &s->tail;
	if (tail->state == JOB_RUNNING)
		(void)jobs_wait_any(&tail, 1, clock_now_us());
	if (tail->state == JOB_DONE && state_dir_tailed(tail, &s->wishes, &s->wished)) {
		watch(move);
		take_lines(move);
	}
	flush(move);
}

int steering_wait(struct move *move, struct job *job, int64_t deadline)
{
	while (job->state == JOB_RUNNING && !deadline_passed(deadline)) {
		(void)jobs_wait_any(&job, 1, deadline_min(deadline, deadline_in_ms(LOOK_MS)));
		steering_look(move);
	}
	return job->state == JOB_DONE ? 0 : -1;
}

bool steering_takes_post_copy(struct move *move)
{
	bool taken = move->steering && move->steering->post_copy;

	if (taken)
		move->steering->post_copy = false;
	return taken;
}

void steering_end(struct move *move)
{
	struct steering *s = move->steering;

	if (!s || !s->open)
		return;
	struct job *note = &s->note;
	const int64_t end = deadline_in_ms(LAST_MS);
	job_cancel(&s->tail);
	/* A write that is not over would make the file again after it was removed. */
	if (note->state == JOB_RUNNING)
		(void)jobs_wait_any(&note, 1, end);
	s->quiet = false;
	put(move, summary_json(&move->summary));
	if (note->state == JOB_RUNNING)
		(void)jobs_wait_any(&note, 1, end);
	s->open = false;
}

void steering_free(struct steering *steering)
{
	if (!steering)
		return;
	job_clear(&steering->note);
	job_clear(&steering->tail);
	buf_clear(&steering->pending);
	buf_clear(&steering->wishes);
	free(steering);
}
