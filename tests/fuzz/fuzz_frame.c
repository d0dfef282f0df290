/* SPDX-License-Identifier: MIT */
/*
 * What comes over a connection, at both ends: the holder of a key, or a host, may send anything. A
 * request that is read and written again is the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cmigrate/protocol/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_request(const struct frame *frame)
{
	CLEANUP_BUF struct buf again = {0};
	struct frame_request request;
	struct err err = ERR_INIT;

	if (frame_request_read(frame, &request, &err) < 0)
		return;
	/* Input with a NUL in it is not text of ours. */
	if (strlen(buf_str(&request.input)) == request.input.len) {
		frame_request_add(&again, frame->id, request.timeout_ms, request.limit,
				  request.words.v,
				  request.has_input ? buf_str(&request.input) : NULL);
		/* One byte of the header has no meaning. */
		if (again.len != FRAME_HEADER + frame->len)
			__builtin_trap();
	}
	frame_request_clear(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf wire = {0};
	struct err err = ERR_INIT;
	struct frame frame;

	buf_add(&wire, data, size);
	while (frame_read(&wire, &frame, &err) > 0) {
		CLEANUP_ARGV struct argv words = {0};
		struct frame_end end;
		read_request(&frame);
		(void)frame_hello_read(&frame, &words, &err);
		(void)frame_end_read(&frame, &end, &err);
		frame_drop(&wire, &frame);
	}
	return 0;
}
