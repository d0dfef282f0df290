/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmigrate/history/history.h"
#include "cmigrate/move/move.h"

static const char *hold_name(enum hold_kind kind)
{
	switch (kind) {
	case HOLD_PLUG:
		return "plug";
	case HOLD_BUCKET:
		return "bucket";
	case HOLD_NONE:
	case HOLD_DROPPED:
		break;
	}
	return NULL;
}

/* The id begins with the time at which it was made, "20261121T233315-", which survives a crash. */
static int64_t started_at(const char *id)
{
	struct tm tm = {0};
	const char *rest = strptime(id, "%Y%m%dT%H%M%S-", &tm);
	int64_t seconds = rest ? (int64_t)timegm(&tm) : -1;

	return seconds < 0 ? (int64_t)time(NULL) : seconds;
}

static json_t *record_of(const struct move *m)
{
	char host[256] = "", started[32], now[32];
	json_t *object = summary_json(&m->summary);
	bool settled = m->recovery.active && strcmp(m->summary.outcome, "in-doubt") != 0;

	(void)gethostname(host, sizeof(host) - 1);
	record_time(started, started_at(m->id));
	record_time(now, (int64_t)time(NULL));
	json_t *own = json_pack("{s:s, s:s, s:s?, s:s?}", "id", m->id, "started", started, "hold",
				hold_name(m->progress.hold), "controller",
				m->recovery.active ? NULL : host);
	if (settled)
		(void)json_object_update_new(
			own, json_pack("{s:s, s:s}", "settled", now, "settled_on", host));
	if (m->plan.keep_logs)
		(void)json_object_set_new(own, "logs",
					  json_sprintf("%s/logs-%s", m->state_dir.dir, m->id));
	(void)json_object_update_new(object, own);
	return object;
}

static int add(const struct move *m, unsigned *ret_damaged, struct err *err)
{
	struct record record = {0};
	json_t *object = record_of(m);
	int status = record_read(object, &record, err);

	json_decref(object);
	if (status == 0)
		/* Recovery found the journal here; the move's own host may be off. */
		status = history_add(m->journal.state_dir, m->bundle.name, &record, ret_damaged,
				     err);
	record_clear(&record);
	return status;
}

void move_record(struct move *m)
{
	struct err why = ERR_INIT;
	unsigned damaged = 0;

	if (m->kind != MOVE_WHOLE || !m->summary.outcome)
		return;
	if (add(m, &damaged, &why) < 0)
		event_note(m->events, "the move is not in the history: %s", why.msg);
	else if (damaged)
		event_note(m->events, "'%s/" HISTORY_FILE "' had %u damaged lines, they are gone",
			   m->state_dir.dir, damaged);
}
