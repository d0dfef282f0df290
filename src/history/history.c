/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/history.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/fields.h"

/* The first line counts by strategy and outcome, and may be longer than a record. */
#define LINE_MAX_BYTES (4 * RECORD_MAX)

/* Reads {"dropped": {"moved": 12}, "tally": [...]}. Returns true if the object is that line. */
static bool take_dropped(struct history *h, const json_t *object)
{
	const json_t *dropped = json_object_get(object, "dropped");

	if (!json_is_object(dropped))
		return false;
	for (size_t i = 0; i < OUTCOMES; i++) {
		json_int_t n =
			json_integer_value(json_object_get(dropped, outcome_name((enum outcome)i)));
		if (n > 0)
			h->dropped[i] = (uint64_t)n;
	}
	tally_clear(&h->dropped_tally);
	tally_read(&h->dropped_tally, json_object_get(object, "tally"));
	return true;
}

static void take_line(struct history *h, const char *line, size_t len)
{
	json_t *object =
		len <= LINE_MAX_BYTES ? json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	struct record record = {0};
	struct err why = ERR_INIT;

	if (object && take_dropped(h, object)) {
		json_decref(object);
		return;
	}
	/* A copied bundle has the history of its original too. */
	if (object && record_read(object, &record, &why) == 0 &&
	    strcmp(record.summary.container, h->container) == 0)
		history_put(h, &record);
	else
		h->damaged++;
	record_clear(&record);
	json_decref(object);
}

void history_parse(const char *container, const char *text, size_t len, struct history *ret)
{
	*ret = (struct history){.container = str_dup(container)};
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line_len = end ? (size_t)(end - text) - at : len - at;
		take_line(ret, text + at, line_len);
		at += line_len + 1;
	}
}

int history_load(const struct state_dir *state_dir, const char *container, struct history *ret,
		 struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	bool found = false;

	if (state_dir_read(state_dir, HISTORY_FILE, &text, &found, err) < 0)
		return -1;
	history_parse(container, buf_str(&text), text.len, ret);
	return 0;
}

static void drop_first(struct history *h)
{
	h->dropped[h->rows[0].outcome]++;
	tally_add(&h->dropped_tally, &h->rows[0]);
	record_clear(&h->rows[0]);
	h->n--;
	memmove(h->rows, h->rows + 1, h->n * sizeof(*h->rows));
}

void history_put(struct history *h, struct record *record)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->rows[i].id, record->id) == 0) {
			record_settle(&h->rows[i], record);
			record_clear(record);
			return;
		}
	if (h->n >= HISTORY_MAX)
		drop_first(h);
	h->rows = mem_grow(h->rows, h->n + 1, sizeof(*h->rows));
	h->rows[h->n++] = *record;
	memset(record, 0, sizeof(*record));
}

static void add_line(struct buf *out, json_t *object)
{
	CLEANUP_FREE char *text = json_line(object);

	json_decref(object);
	if (text)
		buf_printf(out, "%s\n", text);
}

void history_text(const struct history *h, struct buf *out)
{
	json_t *dropped = json_object();

	for (size_t i = 0; i < OUTCOMES; i++)
		if (h->dropped[i])
			(void)json_object_set_new(dropped, outcome_name((enum outcome)i),
						  json_integer((json_int_t)h->dropped[i]));
	if (json_object_size(dropped))
		add_line(out, json_pack("{s:O, s:o}", "dropped", dropped, "tally",
					tally_json(&h->dropped_tally)));
	json_decref(dropped);
	for (size_t i = 0; i < h->n; i++)
		add_line(out, record_json(&h->rows[i]));
}

int history_add(const struct state_dir *state_dir, const char *container, struct record *record,
		unsigned *ret_damaged, struct err *err)
{
	CLEANUP_HISTORY struct history h = {0};
	CLEANUP_BUF struct buf text = {0};

	if (history_load(state_dir, container, &h, err) < 0)
		return -1;
	history_put(&h, record);
	history_text(&h, &text);
	*ret_damaged = h.damaged;
	return state_dir_replace(state_dir, HISTORY_FILE, buf_str(&text), err);
}

void history_clear(struct history *h)
{
	for (size_t i = 0; i < h->n; i++)
		record_clear(&h->rows[i]);
	free(h->rows);
	free(h->container);
	tally_clear(&h->dropped_tally);
	memset(h, 0, sizeof(*h));
}
