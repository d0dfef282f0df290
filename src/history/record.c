/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/record.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmigrate/base/fields.h"
#include "cmigrate/base/name.h"
#include "cmigrate/base/str.h"
#include "cmigrate/container/container.h"

/* No strategy has as many. */
#define STEPS_MAX 64
#define PASSES_MAX 64
/* The longest word such as a strategy or a step. */
#define WORD_MAX 64

static const char *const outcomes[OUTCOMES] = {
	[OUTCOME_MOVED] = "moved",   [OUTCOME_UNDONE] = "undone", [OUTCOME_SILENT] = "silent",
	[OUTCOME_FAILED] = "failed", [OUTCOME_LOST] = "lost",	  [OUTCOME_IN_DOUBT] = "in-doubt",
};

/* The members of a record besides its summary. */
static const struct field own_fields[] = {
	FIELD(struct record, id, FIELD_TEXT),	      FIELD(struct record, started, FIELD_TEXT),
	FIELD(struct record, controller, FIELD_TEXT), FIELD(struct record, hold, FIELD_TEXT),
	FIELD(struct record, settled, FIELD_TEXT),    FIELD(struct record, settled_on, FIELD_TEXT),
	FIELD(struct record, logs, FIELD_TEXT),	      {.key = NULL},
};

const char *outcome_name(enum outcome outcome)
{
	return outcomes[outcome];
}

static int read_outcome(struct record *r, struct err *err)
{
	const char *said = r->summary.outcome ? r->summary.outcome : "";

	for (size_t i = 0; i < OUTCOMES; i++)
		if (strcmp(said, outcomes[i]) == 0) {
			r->outcome = (enum outcome)i;
			return 0;
		}
	return err_set(err, EXIT_USAGE, "'outcome' of a record is unknown: '%.40s'", said);
}

void record_time(char text[32], int64_t seconds)
{
	time_t moment = (time_t)seconds;
	struct tm tm;

	*text = '\0';
	if (gmtime_r(&moment, &tm))
		(void)strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Rewrites a time in one form, whichever it was written in. */
static int read_time(const char *key, char **text, int64_t *ret, struct err *err)
{
	int64_t seconds = *text ? container_time(*text) : -1;
	char form[32];

	if (seconds < 0 || strlen(*text) > WORD_MAX)
		return err_set(err, EXIT_USAGE, "'%s' of a record is not a time", key);
	record_time(form, seconds);
	str_set(text, form);
	*ret = seconds;
	return 0;
}

static int check_host(const char *key, const char *host, struct err *err)
{
	return !host || name_check_host(host, err) == 0 ? 0
							: err_wrap(err, "'%s' of a record", key);
}

static int check_word(const char *key, char *word, struct err *err)
{
	if (!word)
		return 0;
	str_mask(word);
	return strlen(word) <= WORD_MAX
		       ? 0
		       : err_set(err, EXIT_USAGE, "'%s' of a record is too long", key);
}

static int check_lists(struct summary *s, struct err *err)
{
	if (s->n_steps > STEPS_MAX || s->n_passes > PASSES_MAX)
		return err_set(err, EXIT_USAGE, "a record has too many steps");
	for (size_t i = 0; i < s->n_steps; i++)
		if (check_word("steps", s->steps[i].name, err) < 0)
			return -1;
	for (size_t i = 0; i < s->warnings.n; i++)
		if (check_word("warnings", s->warnings.rows[i].check, err) < 0)
			return -1;
	return 0;
}

static int check_summary(struct summary *s, struct err *err)
{
	if (!s->container || !s->source || !s->destination || !s->strategy)
		return err_set(err, EXIT_USAGE, "a record lacks a name");
	if (name_check(s->container, err) < 0 || check_host("source", s->source, err) < 0 ||
	    check_host("destination", s->destination, err) < 0 ||
	    check_word("strategy", s->strategy, err) < 0 ||
	    check_word("packets", s->packets, err) < 0 ||
	    check_word("undone_by", s->undone_by, err) < 0)
		return -1;
	if (check_word("cause", s->cause, err) < 0 || check_word("check", s->check, err) < 0 ||
	    check_host("lost_host", s->lost_host, err) < 0)
		return -1;
	if (s->error)
		str_mask(s->error);
	if (s->answered_by)
		str_mask(s->answered_by);
	return check_lists(s, err);
}

static int check_own(struct record *r, struct err *err)
{
	int64_t unused;

	if (!r->id || name_check(r->id, err) < 0)
		return r->id ? err_wrap(err, "'id' of a record")
			     : err_set(err, EXIT_USAGE, "a record has no id");
	if (read_time("started", &r->started, &r->started_s, err) < 0 ||
	    (r->settled && read_time("settled", &r->settled, &unused, err) < 0) ||
	    check_word("id", r->id, err) < 0 || check_word("hold", r->hold, err) < 0 ||
	    check_host("controller", r->controller, err) < 0 ||
	    check_host("settled_on", r->settled_on, err) < 0)
		return -1;
	return r->logs && name_check_path(r->logs, err) < 0 ? err_wrap(err, "'logs' of a record")
							    : 0;
}

int record_read(const json_t *object, struct record *ret, struct err *err)
{
	struct record r = {0};

	if (summary_read(object, &r.summary, err) == 0 &&
	    fields_read(own_fields, &r, object, "a record", err) == 0 && check_own(&r, err) == 0 &&
	    check_summary(&r.summary, err) == 0 && read_outcome(&r, err) == 0) {
		*ret = r;
		return 0;
	}
	record_clear(&r);
	return -1;
}

static bool is_short(const json_t *object)
{
	CLEANUP_FREE char *text = json_line(object);

	return text && strlen(text) <= RECORD_MAX;
}

/* A record longer than a line may be is written without its steps and passes, and one that is too
 * long even then with the ids of its warnings alone. */
static void shorten(json_t *object)
{
	json_t *warning;
	size_t i;

	if (is_short(object))
		return;
	(void)json_object_set_new(object, "steps", json_array());
	(void)json_object_set_new(object, "passes", json_array());
	(void)json_object_set_new(object, "answered_by", json_null());
	if (is_short(object))
		return;
	json_array_foreach (json_object_get(object, "warnings"), i, warning) {
		(void)json_object_set_new(warning, "message", json_null());
		(void)json_object_set_new(warning, "remedy", json_null());
	}
}

json_t *record_json(const struct record *r)
{
	json_t *summary = summary_json(&r->summary);
	json_t *object = fields_json(own_fields, r, json_object());

	(void)json_object_del(summary, "event");
	(void)json_object_update(object, summary);
	json_decref(summary);
	shorten(object);
	return object;
}

void record_settle(struct record *r, const struct record *by)
{
	struct summary *s = &r->summary;

	r->outcome = by->outcome;
	str_set(&s->outcome, by->summary.outcome);
	s->exit_code = by->summary.exit_code;
	/* A move that ended well after all keeps no error. */
	if (by->summary.error || by->outcome == OUTCOME_MOVED) {
		str_set(&s->error, by->summary.error);
		str_set(&s->cause, by->summary.cause);
		str_set(&s->check, by->summary.check);
		str_set(&s->lost_host, by->summary.lost_host);
	}
	str_set(&r->settled, by->settled);
	str_set(&r->settled_on, by->settled_on);
}

void record_clear(struct record *r)
{
	fields_clear(own_fields, r);
	summary_clear(&r->summary);
	memset(r, 0, sizeof(*r));
}

bool record_is(const struct record *r, const char *word)
{
	const char *dash = strrchr(r->id, '-');

	return strcmp(r->id, word) == 0 || (dash && strcmp(dash + 1, word) == 0);
}
