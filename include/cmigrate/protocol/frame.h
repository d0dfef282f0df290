/* SPDX-License-Identifier: MIT */
/*
 * frame: what cmigrate and its agent on a host send each other over one connection.
 *
 * A frame is a header of 12 bytes (length of the payload, id of the request, kind; big endian, the
 * last three bytes are 0) and its payload. docs/agent.md has the whole protocol. Everything that
 * comes in is input: lengths, kinds and contents are checked before use.
 */
#ifndef CMIGRATE_PROTOCOL_FRAME_H
#define CMIGRATE_PROTOCOL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

/* Both ends must have the same. */
#define PROTOCOL_VERSION "1"
#define FRAME_HEADER 12
/* A file of the shared directory (1 MB at most) and the fields beside it. */
#define FRAME_MAX (2u * 1024 * 1024)
/* More than eight addresses and all bind mounts of a container need. */
#define WORDS_MAX 1024
/* An end that hears nothing for the last two intervals asks itself whether the other is there. */
#define BEAT_MS 2000
/* The agent ends when it has heard nothing of its controller for so long. */
#define CONTROLLER_SILENT_MS 20000

enum frame_kind {
	FRAME_HELLO = 1, /* both ways, the first: words */
	FRAME_REQUEST,	 /* to the agent: a request */
	FRAME_CANCEL,	 /* to the agent: the request, or the stream, of this id is to end */
	FRAME_BEAT,	 /* both ways: alive */
	FRAME_OUT,	 /* from the agent: output of the request */
	FRAME_ERR,	 /* from the agent: its messages */
	FRAME_END,	 /* from the agent: its end, a struct frame_end */
	FRAME_DATA,	 /* between two tunnels (src/agent/memory/tunnel.h): bytes of a stream */
	FRAME_KINDS
};

struct frame {
	enum frame_kind kind;
	uint32_t id;
	const char *payload; /* in the buffer that it was read from */
	size_t len;
};

/* Appends a frame. The payload must not be longer than FRAME_MAX. */
void frame_add(struct buf *to, enum frame_kind kind, uint32_t id, const void *payload, size_t len);
/*
 * Reads the frame at the start of a buffer. 1: *ret is it, and frame_drop() removes it; 0: more
 * bytes have to come; -1 with EXIT_FAILED: no frame of ours, and the connection can't be used any
 * more.
 */
int frame_read(const struct buf *from, struct frame *ret, struct err *err);
void frame_drop(struct buf *from, const struct frame *frame);

/* A request as it is sent: its verb, then its fields, KEY=VALUE. */
struct frame_request {
	uint32_t timeout_ms; /* 0: none */
	uint32_t limit;	     /* of its output, bytes */
	struct argv words;
	bool has_input;
	struct buf input;
};
void frame_request_add(struct buf *to, uint32_t id, uint32_t timeout_ms, uint32_t limit,
		       char *const *words, const char *input);
/* -1 with EXIT_FAILED. */
int frame_request_read(const struct frame *frame, struct frame_request *ret, struct err *err);
void frame_request_clear(struct frame_request *request);

struct frame_end {
	int status;	/* 0 to 255 */
	bool timed_out; /* ended by its deadline */
	bool truncated; /* more output than its limit */
};
void frame_end_add(struct buf *to, uint32_t id, const struct frame_end *end);
int frame_end_read(const struct frame *frame, struct frame_end *ret, struct err *err);

/* The words of a hello, each terminated by NUL. -1: none, too many, or not terminated. */
void frame_hello_add(struct buf *to, char *const *words);
int frame_hello_read(const struct frame *frame, struct argv *ret, struct err *err);

#endif
