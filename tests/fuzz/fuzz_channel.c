/* SPDX-License-Identifier: MIT */
/*
 * The output of a host on a channel; a host may print anything. The input is stdout and stderr,
 * divided by a byte 0xff. '@' stands for the nonce, which fuzzing would never find.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cmigrate/host/ssh_channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char nonce[] = "0123456789abcdef0123456789abcdef";

static void add(struct buf *b, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '@')
			buf_puts(b, nonce);
		else
			buf_add(b, &data[i], 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct channel ch = {.busy = true};
	const uint8_t *half = size ? memchr(data, 0xff, size) : NULL;
	size_t first = half ? (size_t)(half - data) : size;

	add(&ch.out, data, first);
	if (half)
		add(&ch.err, half + 1, size - first - 1);
	/* Each result is removed when it is read, so this ends. */
	for (;;) {
		struct buf out = {0}, err = {0};
		size_t before = ch.out.len + ch.err.len;
		int status = -1;
		bool there = channel_result(&ch, nonce, &out, &err, &status);
		if (there && out.len + err.len + ch.out.len + ch.err.len >= before)
			__builtin_trap();
		if (!there && (out.s || err.s || status != -1 || ch.out.len + ch.err.len != before))
			__builtin_trap();
		buf_clear(&out);
		buf_clear(&err);
		if (!there)
			break;
	}
	buf_clear(&ch.out);
	buf_clear(&ch.err);
	return 0;
}
