/* SPDX-License-Identifier: MIT */
#include "cmigrate/protocol/frame.h"

#include <string.h>

#define END_TIMED_OUT 1u
#define END_TRUNCATED 2u
#define END_BYTES 2
#define REQUEST_HEADER 12
#define HELLO_WORDS_MAX 16

static void put_u32(unsigned char *to, uint32_t n)
{
	to[0] = (unsigned char)(n >> 24);
	to[1] = (unsigned char)(n >> 16);
	to[2] = (unsigned char)(n >> 8);
	to[3] = (unsigned char)n;
}

static uint32_t get_u32(const char *from)
{
	const unsigned char *b = (const unsigned char *)from;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void add_header(struct buf *to, enum frame_kind kind, uint32_t id, size_t len)
{
	unsigned char header[FRAME_HEADER] = {0};

	put_u32(header, (uint32_t)len);
	put_u32(header + 4, id);
	header[8] = (unsigned char)kind;
	buf_add(to, header, sizeof(header));
}

void frame_add(struct buf *to, enum frame_kind kind, uint32_t id, const void *payload, size_t len)
{
	add_header(to, kind, id, len);
	if (len)
		buf_add(to, payload, len);
}

int frame_read(const struct buf *from, struct frame *ret, struct err *err)
{
	if (from->len < FRAME_HEADER)
		return 0;
	const char *h = from->s;
	uint32_t len = get_u32(h);
	unsigned char kind = (unsigned char)h[8];
	if (len > FRAME_MAX || kind == 0 || kind >= FRAME_KINDS || h[9] || h[10] || h[11])
		return err_set(err, EXIT_FAILED, "what came is not cmigrate's protocol");
	if (from->len - FRAME_HEADER < len)
		return 0;
	*ret = (struct frame){(enum frame_kind)kind, get_u32(h + 4), h + FRAME_HEADER, len};
	return 1;
}

void frame_drop(struct buf *from, const struct frame *frame)
{
	buf_consume(from, FRAME_HEADER + frame->len);
}

static void add_words(struct buf *to, char *const *words)
{
	for (; *words; words++)
		buf_add(to, *words, strlen(*words) + 1);
}

/* Reads n words, each with its NUL; returns the bytes that they take, or 0. */
static size_t read_words(const char *from, size_t len, size_t n, struct argv *ret)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const char *end = used < len ? memchr(from + used, '\0', len - used) : NULL;
		if (!end)
			return 0;
		argv_add(ret, from + used);
		used = (size_t)(end - from) + 1;
	}
	return used;
}

void frame_request_add(struct buf *to, uint32_t id, uint32_t timeout_ms, uint32_t limit,
		       char *const *words, const char *input)
{
	CLEANUP_BUF struct buf payload = {0};
	unsigned char header[REQUEST_HEADER] = {0};
	size_t n = 0;

	while (words[n])
		n++;
	put_u32(header, timeout_ms);
	put_u32(header + 4, limit);
	header[8] = (unsigned char)(n >> 8);
	header[9] = (unsigned char)n;
	header[10] = input != NULL;
	buf_add(&payload, header, sizeof(header));
	add_words(&payload, words);
	if (input)
		buf_puts(&payload, input);
	frame_add(to, FRAME_REQUEST, id, payload.s, payload.len);
}

int frame_request_read(const struct frame *frame, struct frame_request *ret, struct err *err)
{
	const unsigned char *h = (const unsigned char *)frame->payload;

	memset(ret, 0, sizeof(*ret));
	if (frame->len < REQUEST_HEADER)
		return err_set(err, EXIT_FAILED, "a request is too short");
	size_t n = (size_t)h[8] << 8 | h[9];
	if (n == 0 || n > WORDS_MAX)
		return err_set(err, EXIT_FAILED, "a request has %zu words", n);
	ret->timeout_ms = get_u32(frame->payload);
	ret->limit = get_u32(frame->payload + 4);
	size_t used = read_words(frame->payload + REQUEST_HEADER, frame->len - REQUEST_HEADER, n,
				 &ret->words);
	size_t rest = frame->len - REQUEST_HEADER - used;
	if (used == 0 || h[10] > 1 || (rest && !h[10])) {
		frame_request_clear(ret);
		return err_set(err, EXIT_FAILED, "a request ends too early or too late");
	}
	ret->has_input = h[10];
	if (rest)
		buf_add(&ret->input, frame->payload + REQUEST_HEADER + used, rest);
	return 0;
}

void frame_request_clear(struct frame_request *request)
{
	argv_clear(&request->words);
	buf_clear(&request->input);
}

void frame_end_add(struct buf *to, uint32_t id, const struct frame_end *end)
{
	unsigned char bytes[END_BYTES] = {(unsigned char)end->status, 0};

	if (end->timed_out)
		bytes[1] |= END_TIMED_OUT;
	if (end->truncated)
		bytes[1] |= END_TRUNCATED;
	frame_add(to, FRAME_END, id, bytes, sizeof(bytes));
}

int frame_end_read(const struct frame *frame, struct frame_end *ret, struct err *err)
{
	const unsigned char *b = (const unsigned char *)frame->payload;

	if (frame->len != END_BYTES || b[1] > (END_TIMED_OUT | END_TRUNCATED))
		return err_set(err, EXIT_FAILED, "what came is not cmigrate's protocol");
	*ret = (struct frame_end){b[0], b[1] & END_TIMED_OUT, b[1] & END_TRUNCATED};
	return 0;
}

void frame_hello_add(struct buf *to, char *const *words)
{
	CLEANUP_BUF struct buf payload = {0};

	add_words(&payload, words);
	frame_add(to, FRAME_HELLO, 0, payload.s, payload.len);
}

int frame_hello_read(const struct frame *frame, struct argv *ret, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < frame->len; i++)
		n += frame->payload[i] == '\0';
	if (n == 0 || n > HELLO_WORDS_MAX ||
	    read_words(frame->payload, frame->len, n, ret) != frame->len) {
		argv_clear(ret);
		return err_set(err, EXIT_FAILED, "what came is not cmigrate's protocol");
	}
	return 0;
}
