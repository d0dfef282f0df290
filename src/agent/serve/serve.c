/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/memory/tunnel.h"
#include "agent/request/rivals.h"
#include "agent/shared/lock.h"
#include "cmigrate/agent/build.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/base/version.h"
#include "cmigrate/protocol/frame.h"
#include "verbs.h"
#include "workers.h"

#define READ_CHUNK 65536
/* How often, a millisecond apart, a frame is tried while others write. */
#define SEND_TRIES 1000
/* A request waits at most so long: its deadline, as it is sent, is in milliseconds. */
#define TIMEOUT_MAX_MS (7 * 24 * 3600 * 1000u)

static struct {
	int out;
	pthread_mutex_t writing; /* a frame is written whole */
	const char *only_root;	 /* the one that is served, or NULL */
	char *root;		 /* the controller's; NULL before its hello */
	int64_t heard_us;
	bool is_tunnel; /* it serves no request any more */
} server = {.writing = PTHREAD_MUTEX_INITIALIZER};

/* Called with the lock. A controller that is gone shows at the next read. */
static void write_all(const struct buf *frames)
{
	for (size_t done = 0; done < frames->len;) {
		ssize_t n = write(server.out, frames->s + done, frames->len - done);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			done += (size_t)n;
	}
}

static void send_frames(const struct buf *frames)
{
	(void)pthread_mutex_lock(&server.writing);
	write_all(frames);
	(void)pthread_mutex_unlock(&server.writing);
}

/*
 * Writes a short frame if that is possible at once: the thread that hears the controller never
 * waits for it to read, or its end would not be noticed and its locks would stay.
 */
static bool send_now(const struct buf *frames)
{
	struct pollfd fd = {.fd = server.out, .events = POLLOUT};

	if (pthread_mutex_trylock(&server.writing) != 0)
		return false;
	bool room = poll(&fd, 1, 0) > 0 && !(fd.revents & (POLLERR | POLLNVAL));
	if (room)
		write_all(frames);
	(void)pthread_mutex_unlock(&server.writing);
	return room;
}

static bool send_soon(const struct buf *frames)
{
	int tries = 0;

	while (!send_now(frames) && ++tries < SEND_TRIES)
		clock_sleep_ms(1);
	return tries < SEND_TRIES;
}

/* Whoever writes at the moment shows as well that the agent lives. */
static void beat(void)
{
	CLEANUP_BUF struct buf frame = {0};

	frame_add(&frame, FRAME_BEAT, 0, NULL, 0);
	(void)send_now(&frame);
}

static void add_text(struct buf *frames, enum frame_kind kind, const struct request *req,
		     const struct buf *text, bool *truncated)
{
	size_t len = text->len < req->limit ? text->len : req->limit;

	*truncated |= len < text->len;
	for (size_t done = 0; done < len;) {
		size_t part = len - done < FRAME_MAX ? len - done : FRAME_MAX;
		frame_add(frames, kind, req->id, text->s + done, part);
		done += part;
	}
}

static void free_request(struct request *req)
{
	argv_clear(&req->words);
	buf_clear(&req->input);
	buf_clear(&req->out);
	buf_clear(&req->err);
	if (req->wake >= 0)
		(void)close(req->wake);
	if (req->later > 0)
		(void)close(req->later);
	free(req);
}

static void add_reply(struct buf *frames, const struct request *req, int status)
{
	struct frame_end end = {.status = status & 0xff, .timed_out = req->timed_out};

	add_text(frames, FRAME_OUT, req, &req->out, &end.truncated);
	add_text(frames, FRAME_ERR, req, &req->err, &end.truncated);
	frame_end_add(frames, req->id, &end);
}

/* Runs in the request's thread. */
static void reply(struct request *req, int status)
{
	CLEANUP_BUF struct buf frames = {0};

	add_reply(&frames, req, status);
	send_frames(&frames);
	free_request(req);
}

/* The last words of the agent; returns its exit status. */
static int refuse(const char *why)
{
	CLEANUP_BUF struct buf frame = {0};

	verbs_log_refusal(why);
	frame_add(&frame, FRAME_ERR, 0, why, strlen(why));
	(void)send_soon(&frame);
	return 1;
}

static void say_hello(void)
{
	CLEANUP_BUF struct buf hello = {0};
	struct utsname host;

	(void)uname(&host);
	buf_puts(&hello, SERVE_GREETING);
	frame_hello_add(&hello, (char *[]){"cmigrate-agent", PROTOCOL_VERSION, CMIGRATE_VERSION,
					   AGENT_BUILD, host.machine, NULL});
	send_frames(&hello);
}

/* The controller's hello: cmigrate PROTOCOL VERSION BUILD ROOT SERVES. */
static int hear_hello(const struct frame *frame)
{
	CLEANUP_ARGV struct argv words = {0};
	struct err err = ERR_INIT;

	if (server.root || frame_hello_read(frame, &words, &err) < 0 || words.n != 6 ||
	    strcmp(words.v[0], "cmigrate") != 0)
		return refuse("the first words were not cmigrate's");
	if (strcmp(words.v[1], PROTOCOL_VERSION) != 0 || strcmp(words.v[3], AGENT_BUILD) != 0) {
		CLEANUP_FREE char *why = str_fmt(
			"the controller has cmigrate %s, this host another build (%s): install the "
			"same on both",
			words.v[2], CMIGRATE_VERSION);
		str_mask(why);
		return refuse(why);
	}
	if (server.only_root && strcmp(server.only_root, words.v[4]) != 0) {
		CLEANUP_FREE char *why =
			str_fmt("this key is for bundles below '%s' alone", server.only_root);
		return refuse(why);
	}
	server.root = str_dup(words.v[4]);
	return rivals_serve(words.v[5]) < 0 ? refuse("others could not end this agent") : 0;
}

/* Returns 1 if the controller can't be told: it would wait for a reply. */
static int turn_away(struct request *req)
{
	CLEANUP_BUF struct buf frames = {0};

	add_reply(&frames, req, request_fail(req, "the agent has too much to do"));
	free_request(req);
	return send_soon(&frames) ? 0 : 1;
}

/* Nothing else is asked of this connection, before or after it. Returns 1: it ends, unless the
 * agent is a tunnel from now on. */
static int become_tunnel(struct request *req)
{
	int status = verb_may(req, verb_find(TUNNEL_VERB)) ? verb_tunnel(req) : WORKERS_REFUSED;

	server.is_tunnel = status == 0;
	reply(req, status);
	return 1;
}

static int hear_request(const struct frame *frame)
{
	struct frame_request request;
	struct err err = ERR_INIT;

	if (!server.root)
		return refuse("a request came before the hello");
	if (frame_request_read(frame, &request, &err) < 0)
		return refuse(err.msg);
	struct request *req = mem_new(1, sizeof(*req));
	req->id = frame->id;
	req->root = server.root;
	req->words = request.words;
	req->input = request.input;
	req->has_input = request.has_input;
	req->limit = request.limit;
	if (request.timeout_ms)
		req->deadline = deadline_in_ms(
			request.timeout_ms < TIMEOUT_MAX_MS ? request.timeout_ms : TIMEOUT_MAX_MS);
	req->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (strcmp(req->words.v[0], TUNNEL_VERB) == 0)
		return become_tunnel(req);
	return req->wake >= 0 && workers_serve(req, reply) ? 0 : turn_away(req);
}

static int hear_frame(const struct frame *frame)
{
	switch (frame->kind) {
	case FRAME_HELLO:
		return hear_hello(frame);
	case FRAME_REQUEST:
		return hear_request(frame);
	case FRAME_CANCEL:
		workers_cancel(frame->id);
		return 0;
	case FRAME_BEAT:
		return 0;
	default:
		return refuse("a frame came that only an agent sends");
	}
}

static int hear_frames(struct buf *text)
{
	struct frame frame;
	struct err err = ERR_INIT;
	int got;

	while ((got = frame_read(text, &frame, &err)) > 0) {
		int status = hear_frame(&frame);
		frame_drop(text, &frame);
		if (status != 0)
			return 1;
	}
	return got < 0 ? refuse(err.msg) : 0;
}

/* 0: go on; 1: the connection has ended. */
static int hear(int in, struct buf *text)
{
	CLEANUP_FREE char *chunk = mem_new(1, READ_CHUNK);
	ssize_t n = read(in, chunk, READ_CHUNK);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : 1;
	if (n == 0)
		return 1;
	server.heard_us = clock_now_us();
	buf_add(text, chunk, (size_t)n);
	return hear_frames(text);
}

static bool is_silent(void)
{
	return clock_now_us() - server.heard_us > CONTROLLER_SILENT_MS * 1000LL;
}

int serve(int in, int out, const char *root)
{
	CLEANUP_BUF struct buf text = {0};
	int64_t next_beat = deadline_in_ms(BEAT_MS);
	int status = 0;

	server.out = out;
	server.only_root = root;
	server.heard_us = clock_now_us();
	(void)signal(SIGPIPE, SIG_IGN);
	say_hello();
	while (status == 0 && !is_silent()) {
		struct pollfd fd = {.fd = in, .events = POLLIN};
		if (poll(&fd, 1, deadline_poll_ms(next_beat)) > 0)
			status = hear(in, &text);
		if (deadline_passed(next_beat)) {
			beat();
			next_beat = deadline_in_ms(BEAT_MS);
		}
	}
	workers_cancel_all();
	lock_release_all();
	return server.is_tunnel ? tunnel_serve(in, out, &text) : status;
}

void serve_get_ready(unsigned n)
{
	workers_spare(n);
}

int verb_ready(struct request *req)
{
	workers_spare((unsigned)request_number(req, "count"));
	return 0;
}
