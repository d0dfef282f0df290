/* SPDX-License-Identifier: MIT */
#include "network/conversation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The proof is in the first bytes of a reply, or not in it. */
#define REPLY_MAX 65536
/* Limit for the first byte: a service that waits for its memory is not asked again and again. */
#define SILENCE_MS 10000
/* A reply without the proof that goes on no further is a wrong one. */
#define REST_MS 250
/* A message shows at most this many bytes of a reply. */
#define SHOWN 40

void conversation_begin(struct conversation *c, int fd, int64_t now)
{
	*c = (struct conversation){.fd = fd, .begun_us = now};
}

bool conversation_sends(const struct conversation *c, const struct endpoint_url *url)
{
	return c->sent < url->send.len;
}

static bool later(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static enum said ended(const struct buf *reply, const char *how, char *why, size_t size)
{
	char start[SHOWN + 1];

	(void)snprintf(start, sizeof(start), "%s", buf_str(reply));
	start[strcspn(start, "\r\n")] = '\0';
	str_mask(start);
	if (reply->len)
		(void)snprintf(why, size, "the reply '%s' is not the expected one", start);
	else
		(void)snprintf(why, size, "%s", how);
	return SAID_SOMETHING_ELSE;
}

/* Returns true when nothing more can come: *how tells why. */
static bool receive(struct conversation *c, int64_t now, struct buf *reply, const char **how)
{
	char chunk[4096];
	ssize_t n;

	while ((n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0) {
		size_t room = REPLY_MAX - reply->len;
		c->heard_us = now;
		buf_add(reply, chunk, (size_t)n < room ? (size_t)n : room);
		if (reply->len == REPLY_MAX)
			return true;
	}
	if (later(n))
		return false;
	*how = n == 0 ? "connection closed without a reply" : strerror(errno);
	return true;
}

enum said conversation_go_on(struct conversation *c, const struct endpoint_url *url, int64_t now,
			     struct buf *reply, char *why, size_t size)
{
	const char *how = "no reply";

	while (conversation_sends(c, url)) {
		ssize_t n = send(c->fd, url->send.s + c->sent, url->send.len - c->sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (later(n))
			break;
		if (n < 0)
			return ended(reply, strerror(errno), why, size);
		c->sent += (size_t)n;
	}
	bool over = receive(c, now, reply, &how);
	if (reply->len && endpoint_url_proves(url, reply))
		return SAID_PROOF;
	int64_t limit = c->heard_us ? c->heard_us + REST_MS * INT64_C(1000)
				    : c->begun_us + SILENCE_MS * INT64_C(1000);
	return over || now >= limit ? ended(reply, how, why, size) : SAID_NOTHING_YET;
}
