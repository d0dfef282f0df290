/* SPDX-License-Identifier: MIT */
/*
 * The input of a gate-keeper; the holder of the key may send anything. '@' stands for the nonce,
 * which fuzzing would never find. An accepted command is spelled as cmigrate spells it, reads the
 * same again, and is everything that was cut off the input.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cmigrate/host/ssh_channel.h"
#include "gate/allow.h"
#include "gate/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char nonce[] = "0123456789abcdef0123456789abcdef";

static void check_whole(const struct wire_line *line, const char *text, size_t used)
{
	CLEANUP_BUF struct buf again = {0};
	struct command cmd = {.argv = line->argv.v,
			      .env = line->env.v,
			      .input = line->input,
			      .log = line->log,
			      .timeout_ms = line->timeout_ms};

	if (line->takes_over)
		channel_exec(&again, line->argv.v);
	else
		channel_command(&again, &cmd, line->nonce);
	if (!line->argv.n || again.len != used || memcmp(again.s, text, used) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf text = {0};

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '@')
			buf_puts(&text, nonce);
		else
			buf_add(&text, &data[i], 1);
	}
	while (text.len) {
		CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
		struct err err = ERR_INIT;
		size_t used = 0;
		enum wire_state state = wire_parse(text.s, text.len, &line, &used, &err);
		if (state != WIRE_WHOLE && (line.argv.n || used))
			__builtin_trap();
		if (state != WIRE_WHOLE)
			break;
		check_whole(&line, text.s, used);
		(void)allow_line(&line, "/r", &err);
		buf_consume(&text, used);
	}
	return 0;
}
