/* SPDX-License-Identifier: MIT */
/*
 * The journal of an interrupted move. The first byte says whether every line gets its right sum,
 * because no input would have right sums by chance.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cmigrate/base/checksum.h"
#include "cmigrate/container/journal.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/move.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Puts the sum before every line that has an end. */
static void add_sums(struct buf *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line = end ? (size_t)(end - text) - at : len - at;
		if (end)
			buf_printf(out, "%08x ", checksum_bytes(text + at, line));
		buf_add(out, text + at, line + (end != NULL));
		at += line + 1;
	}
}

/* A journal's values get into command lines, so a move is made from them or refused. */
static void rebuild(const json_t *object)
{
	struct bundle web = {.name = (char[]){"web"}, .dir = (char[]){"/runc/containers/web"}};
	struct config config = {.bundle_root = NULL};
	struct err err = ERR_INIT;
	struct move *move = NULL;

	if (move_from_json(object, &web, &config, NULL, &move, &err) == 0) {
		if (name_check_id(move->id, &err) < 0 || strcmp(move->bundle.name, web.name) != 0 ||
		    strcmp(move->bundle.dir, web.dir) != 0 || !str_starts(move->image_dir, web.dir))
			__builtin_trap();
	} else if (!*err.msg) {
		__builtin_trap();
	}
	move_free(move);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf text = {0};
	struct journal_state state = {0}, again = {0};
	struct err err = ERR_INIT;

	if (size && data[0] == 's')
		add_sums(&text, (const char *)data + 1, size - 1);
	else
		buf_add(&text, data, size);
	if (journal_parse(buf_str(&text), text.len, &state, &err) < 0) {
		if (err.code != EXIT_BUSY)
			__builtin_trap();
		return 0;
	}
	/* A journal without its torn tail is whole. */
	if (state.good > text.len || journal_parse(buf_str(&text), state.good, &again, &err) < 0 ||
	    again.torn || again.committed != state.committed)
		__builtin_trap();
	if (state.move)
		rebuild(state.move);
	journal_state_clear(&state);
	journal_state_clear(&again);
	return 0;
}
