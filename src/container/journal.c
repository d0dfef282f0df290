/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/journal.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/checksum.h"

/* Length of the sum before the object, without its blank: "xxxxxxxx ". */
#define SUM_LEN 8

static char *entry_line(json_t *entry)
{
	char *text = json_dumps(entry, JSON_COMPACT);
	char *line = str_fmt("%08x %s\n", checksum(text), text);

	free(text);
	json_decref(entry);
	return line;
}

static int add(struct journal *journal, json_t *entry, bool sync, struct err *err)
{
	if (!entry)
		return err_set(err, EXIT_FAILED, "journal: a name or path is not UTF-8");
	CLEANUP_FREE char *line = entry_line(entry);

	buf_puts(&journal->pending, line);
	if (!sync && (journal->holds || !host_is_local(journal->state_dir->host)))
		return 0;
	int status = (sync ? state_dir_append : state_dir_note)(journal->state_dir, JOURNAL_FILE,
								journal->pending.s, err);
	buf_clear(&journal->pending);
	return status < 0 ? err_wrap(err, "journal") : 0;
}

int journal_add(struct journal *journal, const char *event, const char *step, bool sync,
		struct err *err)
{
	return add(journal, json_pack("{s:s, s:s*}", "event", event, "step", step), sync, err);
}

int journal_begin(struct journal *journal, const json_t *move, struct err *err)
{
	return add(journal, json_pack("{s:s, s:O}", "event", "begin", "move", move), true, err);
}

int journal_change(struct journal *journal, const json_t *move, struct err *err)
{
	return add(journal, json_pack("{s:s, s:O}", "event", "change", "move", move), true, err);
}

int journal_end(struct journal *journal, struct err *err)
{
	buf_clear(&journal->pending);
	return state_dir_remove(journal->state_dir, JOURNAL_FILE, err);
}

void journal_clear(struct journal *journal)
{
	buf_clear(&journal->pending);
}

/* The entry of a line (without its newline); NULL if it is damaged. */
static json_t *read_line(const char *line, size_t len)
{
	char sum[SUM_LEN + 1] = "";
	char *end;

	if (len < SUM_LEN + 2 || line[SUM_LEN] != ' ')
		return NULL;
	memcpy(sum, line, SUM_LEN);
	unsigned long want = strtoul(sum, &end, 16);
	if (*end || checksum_bytes(line + SUM_LEN + 1, len - SUM_LEN - 1) != want)
		return NULL;
	json_t *entry = json_loadb(line + SUM_LEN + 1, len - SUM_LEN - 1, 0, NULL);
	if (entry && json_is_string(json_object_get(entry, "event")))
		return entry;
	json_decref(entry);
	return NULL;
}

static void take(struct journal_state *state, const json_t *entry)
{
	const char *event = json_string_value(json_object_get(entry, "event"));
	const char *step = json_string_value(json_object_get(entry, "step"));
	json_t *move = json_object_get(entry, "move");

	if (strcmp(event, "begin") == 0 && json_is_object(move) && !state->move)
		state->move = json_incref(move);
	else if (strcmp(event, "change") == 0 && json_is_object(move) && state->move) {
		json_decref(state->move);
		state->move = json_incref(move);
	} else if (strcmp(event, "commit") == 0)
		state->committed = true;
	else if (strcmp(event, "undo") == 0)
		state->committed = false;
	else if (strcmp(event, "intent") == 0 && step)
		str_set(&state->last_step, step);
}

int journal_parse(const char *text, size_t len, struct journal_state *ret, struct err *err)
{
	struct journal_state state = {.found = true};
	unsigned number = 0;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line_len = end ? (size_t)(end - text) - at : len - at;
		json_t *entry = end ? read_line(text + at, line_len) : NULL;
		number++;
		at += line_len + 1;
		state.torn = !entry;
		if (entry)
			state.good = at;
		/* Only the last line may be torn, and not a "begin" that has its newline. */
		if (!entry && (at < len || (end && !state.move))) {
			journal_state_clear(&state);
			(void)err_set(err, EXIT_BUSY, "journal, line %u: damaged", number);
			return err_because(err, CAUSE_PENDING);
		}
		if (entry)
			take(&state, entry);
		json_decref(entry);
	}
	*ret = state;
	return 0;
}

int journal_load(const struct state_dir *state_dir, struct journal_state *ret, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	bool found = false;

	memset(ret, 0, sizeof(*ret));
	if (state_dir_read(state_dir, JOURNAL_FILE, &text, &found, err) < 0)
		return -1;
	return found ? journal_parse(buf_str(&text), text.len, ret, err) : 0;
}

int journal_mend(const struct state_dir *state_dir, const struct journal_state *state,
		 struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	bool found = false;

	if (!state->torn)
		return 0;
	if (state_dir_read(state_dir, JOURNAL_FILE, &text, &found, err) < 0)
		return -1;
	if (!found || text.len < state->good)
		return err_set(err, EXIT_FAILED, "the journal changed while it was read");
	CLEANUP_FREE char *good = str_dupn(buf_str(&text), state->good);
	return state_dir_replace(state_dir, JOURNAL_FILE, good, err);
}

void journal_state_clear(struct journal_state *state)
{
	json_decref(state->move);
	free(state->last_step);
	memset(state, 0, sizeof(*state));
}
