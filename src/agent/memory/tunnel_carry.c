/* SPDX-License-Identifier: MIT */
/* The stream of a tunnel: from criu's socket to the connection, and back. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/network/sock_diag.h"
#include "agent/request/named_socket.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/base/proc.h"
#include "cmigrate/protocol/frame.h"
#include "tunnel.h"

/* The most bytes of the stream in one frame. */
#define PART 65536
/* If more than this waits for criu, or for the other tunnel, the connection isn't read. */
#define WAITING_MAX (2 * PART)
#define PIPE_BYTES (1024 * 1024)

struct stream {
	const struct tunnel *tunnel;
	int in, out;	 /* the connection */
	int sock;	 /* criu's, or -1 */
	uint32_t id;	 /* 0: none of both ends has begun it yet */
	uint32_t next;	 /* id of the next one that is begun here */
	uint32_t theirs; /* the last id that the other end has begun */
	bool sent_end, got_end;
	struct buf heard, to_peer, to_sock;
	int64_t heard_us, beat_us;
};

static void forget(struct stream *s)
{
	fd_close(&s->sock);
	s->id = 0;
	s->sent_end = s->got_end = false;
	s->to_sock.len = 0;
}

static void give_up(struct stream *s)
{
	if (s->id)
		frame_add(&s->to_peer, FRAME_CANCEL, s->id, NULL, 0);
	forget(s);
}

struct owner {
	bool found, ours;
};

static bool look_at(const struct sock *sock, void *ctx)
{
	*(struct owner *)ctx = (struct owner){true, sock->uid == geteuid()};
	return false;
}

/* Whether a process of our own user, on this host, has made the connection. */
static bool is_ours(const struct stream *s, const struct sockaddr_in *from)
{
	struct request req = {.wake = -1};
	struct owner owner = {0};
	const struct sock_match match = {.src = "127.0.0.1",
					 .dst = "127.0.0.1",
					 .sport = ntohs(from->sin_port),
					 .dport = s->tunnel->port,
					 .states = TCP_CONNECTED};

	(void)sock_list(&req, &match, look_at, &owner);
	buf_clear(&req.err);
	return owner.found && owner.ours;
}

/* Takes the end of criu, or of whoever starts it, if that has come. */
static void take_end(struct stream *s)
{
	struct sockaddr_in from = {0};
	socklen_t len = sizeof(from);
	int fd = accept4(s->tunnel->listener,
			 s->tunnel->by_network ? (struct sockaddr *)&from : NULL,
			 s->tunnel->by_network ? &len : NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (s->tunnel->by_network ? is_ours(s, &from) : named_socket_is_ours(fd))
		s->sock = fd;
	else
		(void)close(fd);
}

/* criu listens before anybody asks it for a page. */
static void connect_to_criu(struct stream *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)s->tunnel->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
			fcntl(fd, F_SETFL, O_NONBLOCK) < 0))
		fd_close(&fd);
	s->sock = fd;
}

/* The other end has begun a stream. */
static void begin(struct stream *s, uint32_t id)
{
	s->theirs = id;
	if (s->sock < 0 && s->tunnel->connects)
		connect_to_criu(s);
	else if (s->sock < 0 && s->tunnel->listener >= 0)
		take_end(s);
	if (s->sock >= 0 && !s->id)
		s->id = id;
	else
		frame_add(&s->to_peer, FRAME_CANCEL, id, NULL, 0);
}

static bool is_new(const struct stream *s, uint32_t id)
{
	return (id & 1) != (s->next & 1) && id > s->theirs;
}

static void hear_data(struct stream *s, const struct frame *frame)
{
	if (frame->id != s->id && is_new(s, frame->id))
		begin(s, frame->id);
	/* The rest of one that was given up may still come. */
	if (!frame->id || frame->id != s->id)
		return;
	if (frame->len)
		buf_add(&s->to_sock, frame->payload, frame->len);
	else
		s->got_end = true;
}

/* False: the other end is no tunnel. */
static bool hear_frame(struct stream *s, const struct frame *frame)
{
	if (frame->kind == FRAME_DATA)
		hear_data(s, frame);
	else if (frame->kind == FRAME_CANCEL && frame->id && frame->id == s->id)
		forget(s);
	return frame->kind == FRAME_DATA || frame->kind == FRAME_CANCEL ||
	       frame->kind == FRAME_BEAT;
}

static bool hear_frames(struct stream *s)
{
	struct err err = ERR_INIT;
	struct frame frame;
	int got;

	while ((got = frame_read(&s->heard, &frame, &err)) > 0) {
		if (!hear_frame(s, &frame))
			return false;
		frame_drop(&s->heard, &frame);
	}
	return got == 0;
}

static bool is_later(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool read_peer(struct stream *s)
{
	static char part[PART];
	ssize_t n = read(s->in, part, sizeof(part));

	if (n <= 0)
		return is_later(n);
	s->heard_us = clock_now_us();
	buf_add(&s->heard, part, (size_t)n);
	return hear_frames(s);
}

static void read_sock(struct stream *s)
{
	static char part[PART];
	ssize_t n = read(s->sock, part, sizeof(part));

	if (is_later(n))
		return;
	if (n < 0 || (n == 0 && !s->id)) {
		give_up(s);
		return;
	}
	if (!s->id) {
		s->id = s->next;
		s->next += 2;
	}
	s->sent_end = n == 0;
	frame_add(&s->to_peer, FRAME_DATA, s->id, part, (size_t)n);
}

/* Writes what can be; false: the end of it can't be reached any more. */
static bool write_some(int fd, struct buf *text)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < text->len && (n = write(fd, text->s + done, text->len - done)) > 0)
		done += (size_t)n;
	bool lives = n >= 0 || is_later(n);
	buf_consume(text, done);
	return lives;
}

static void write_sock(struct stream *s)
{
	if (!write_some(s->sock, &s->to_sock)) {
		give_up(s);
		return;
	}
	if (!s->to_sock.len && s->got_end)
		(void)shutdown(s->sock, SHUT_WR);
	if (!s->to_sock.len && s->got_end && s->sent_end)
		forget(s);
}

/* The other end writes beats as long as it is read. */
static bool is_silent(struct stream *s, bool reads)
{
	int64_t now = clock_now_us();

	if (!reads)
		s->heard_us = now;
	if (deadline_passed(s->beat_us) && !s->to_peer.len)
		frame_add(&s->to_peer, FRAME_BEAT, 0, NULL, 0);
	if (deadline_passed(s->beat_us))
		s->beat_us = deadline_in_ms(BEAT_MS);
	return now - s->heard_us > CONTROLLER_SILENT_MS * 1000LL;
}

enum { IN, OUT, SOCK, LISTENER, FDS };

static void wait_for(const struct stream *s, bool reads, struct pollfd fds[FDS])
{
	const bool sends = s->sock >= 0 && !s->to_peer.len && !s->sent_end;
	const short sock =
		(short)((sends ? POLLIN : 0) | (s->sock >= 0 && s->to_sock.len ? POLLOUT : 0));

	/* A descriptor of which nothing is wanted would still tell of its end, again and again. */
	fds[IN] = (struct pollfd){.fd = reads ? s->in : -1, .events = POLLIN};
	fds[OUT] = (struct pollfd){.fd = s->to_peer.len ? s->out : -1, .events = POLLOUT};
	fds[SOCK] = (struct pollfd){.fd = sock ? s->sock : -1, .events = sock};
	fds[LISTENER] =
		(struct pollfd){.fd = s->sock < 0 ? s->tunnel->listener : -1, .events = POLLIN};
	(void)poll(fds, FDS, deadline_poll_ms(s->beat_us));
}

/* False: the tunnel has come to its end. */
static bool carry(struct stream *s)
{
	const bool reads = s->to_sock.len < WAITING_MAX && s->to_peer.len < WAITING_MAX;
	struct pollfd fds[FDS];

	wait_for(s, reads, fds);
	if (fds[SOCK].revents & (POLLIN | POLLHUP | POLLERR) && fds[SOCK].events & POLLIN)
		read_sock(s);
	if (fds[LISTENER].revents && s->sock < 0)
		take_end(s);
	if (fds[IN].revents && !read_peer(s))
		return false;
	if (s->sock >= 0 && (s->to_sock.len || s->got_end || s->sent_end))
		write_sock(s);
	if (is_silent(s, reads))
		return false;
	return write_some(s->out, &s->to_peer);
}

static void prepare_pipe(int fd)
{
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	/* Only if it is a pipe. */
	(void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
}

int tunnel_carry(const struct tunnel *tunnel, int in, int out, struct buf *heard)
{
	/* The source's streams have odd numbers. */
	struct stream s = {.tunnel = tunnel,
			   .in = in,
			   .out = out,
			   .sock = -1,
			   .next = tunnel->port ? 1 : 2,
			   .heard = *heard,
			   .heard_us = clock_now_us(),
			   .beat_us = deadline_in_ms(BEAT_MS)};

	*heard = (struct buf){0};
	(void)prctl(PR_SET_NAME, "cmigrate-tunnel");
	prepare_pipe(in);
	prepare_pipe(out);
	if (hear_frames(&s))
		while (carry(&s))
			;
	forget(&s);
	buf_clear(&s.heard);
	buf_clear(&s.to_peer);
	buf_clear(&s.to_sock);
	return 0;
}
