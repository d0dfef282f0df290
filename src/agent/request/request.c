/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"

static const char *value_of(const char *word, const char *key)
{
	size_t len = strlen(key);

	return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

const char *request_nth(const struct request *req, const char *key, size_t i)
{
	for (size_t word = 1; word < req->words.n; word++) {
		const char *value = value_of(req->words.v[word], key);
		if (value && i-- == 0)
			return value;
	}
	return NULL;
}

const char *request_get(const struct request *req, const char *key)
{
	return request_nth(req, key, 0);
}

bool request_has(const struct request *req, const char *key)
{
	return request_get(req, key) != NULL;
}

bool request_is(const struct request *req, const char *key, const char *value)
{
	const char *has;

	for (size_t i = 0; (has = request_nth(req, key, i)) != NULL; i++)
		if (strcmp(has, value) == 0)
			return true;
	return false;
}

unsigned long long request_number(const struct request *req, const char *key)
{
	const char *digits = request_get(req, key);

	return digits ? strtoull(digits, NULL, 10) : 0;
}

static void add_text(struct buf *to, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	buf_puts(to, text);
	free(text);
}

void request_say(struct request *req, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_text(&req->out, fmt, ap);
	va_end(ap);
}

int request_fail(struct request *req, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_text(&req->err, fmt, ap);
	va_end(ap);
	buf_puts(&req->err, "\n");
	return 1;
}

int request_errno(struct request *req, const char *fmt, ...)
{
	int cause = errno;
	va_list ap;

	va_start(ap, fmt);
	add_text(&req->err, fmt, ap);
	va_end(ap);
	buf_printf(&req->err, ": %s\n", strerror(cause));
	return 1;
}

bool request_over(struct request *req)
{
	if (deadline_passed(req->deadline))
		req->timed_out = true;
	return req->timed_out || __atomic_load_n(&req->cancelled, __ATOMIC_ACQUIRE);
}

int request_wait(struct request *req, int fd, short events, int ms)
{
	int64_t end = ms < 0 ? 0 : deadline_in_ms(ms);

	for (;;) {
		struct pollfd fds[] = {{.fd = req->wake, .events = POLLIN},
				       {.fd = fd, .events = events}};
		if (request_over(req))
			return -1;
		int wait = deadline_poll_ms(deadline_min(end, req->deadline));
		(void)poll(fds, 2, wait);
		if (fds[1].revents)
			return 1;
		if (ms >= 0 && deadline_passed(end))
			return request_over(req) ? -1 : 0;
	}
}

bool request_sleep(struct request *req, int ms)
{
	return request_wait(req, -1, 0, ms) == 0;
}

void request_spoil_thread(struct request *req)
{
	req->spoilt = true;
}

void request_close_later(struct request *req, int fd)
{
	req->later = fd;
}
