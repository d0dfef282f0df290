/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDIS_PORT "6379"
/* A service is up if it answers at all, unless it says that it fails. */
#define HIGHEST_STATUS 499
/* A message repeats at most this many bytes of a bad word. */
#define SHOWN 64

void endpoint_url_clear(struct endpoint_url *e)
{
	free(e->ask);
	buf_clear(&e->send);
	buf_clear(&e->expect);
	e->ask = NULL;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) % 16 : -1;
}

static int decode(const char *key, const char *text, struct buf *ret, struct err *err)
{
	if (!*text)
		return err_set(err, EXIT_USAGE, "'%s' is empty", key);
	for (; *text; text++) {
		char byte = *text;
		if (byte == '%') {
			int high = digit(text[1]), low = high < 0 ? -1 : digit(text[2]);
			if (low < 0)
				return err_set(err, EXIT_USAGE,
					       "'%.3s' in '%s' is no byte in hexadecimal; a "
					       "percent sign is written %%25",
					       text, key);
			byte = (char)(high * 16 + low);
			text += 2;
		}
		buf_add(ret, &byte, 1);
	}
	return 0;
}

static int status_code(const char *text, char **ret_end)
{
	long n = strtol(text, ret_end, 10);

	return *text >= '1' && *text <= '5' && *ret_end == text + 3 ? (int)n : -1;
}

/* "204" or "200-399". */
static int parse_status(const char *text, struct endpoint_url *e, struct err *err)
{
	char *end;

	e->lowest = e->highest = status_code(text, &end);
	if (e->lowest > 0 && *end == '-')
		e->highest = status_code(end + 1, &end);
	if (e->lowest < 0 || *end || e->highest < e->lowest)
		return err_set(err, EXIT_USAGE,
			       "'status=%.*s' is not a status of HTTP or a range such as 200-399",
			       SHOWN, text);
	return 0;
}

static int take(struct endpoint_url *e, const char *key, const char *value, struct err *err)
{
	if (e->stream && strcmp(key, "send") == 0)
		return decode(key, value, &e->send, err);
	if (e->stream && strcmp(key, "expect") == 0)
		return decode(key, value, &e->expect, err);
	if (!e->stream && strcmp(key, "status") == 0)
		return parse_status(value, e, err);
	if (!e->stream && strcmp(key, "contains") == 0)
		return decode(key, value, &e->expect, err);
	return err_set(err, EXIT_USAGE, "'%.*s' is not one of %s", SHOWN, key,
		       e->stream ? "send, expect" : "status, contains");
}

static int parse_proof(const char *text, struct endpoint_url *e, struct err *err)
{
	CLEANUP_ARGV struct argv pairs = {0}, keys = {0};

	argv_words(&pairs, text, "&");
	if (!pairs.n)
		return err_set(err, EXIT_USAGE, "nothing is after the '%c'", text[-1]);
	for (size_t i = 0; i < pairs.n; i++) {
		char *equals = strchr(pairs.v[i], '=');
		if (!equals)
			return err_set(err, EXIT_USAGE, "'%.*s' has no '='", SHOWN, pairs.v[i]);
		*equals = '\0';
		if (argv_has(&keys, pairs.v[i]))
			return err_set(err, EXIT_USAGE, "'%.*s' is given twice", SHOWN, pairs.v[i]);
		argv_add(&keys, pairs.v[i]);
		if (take(e, pairs.v[i], equals + 1, err) < 0)
			return -1;
	}
	return 0;
}

/* An anchor of a page ("#top") proves nothing, and is no mistake. */
static bool is_anchor(const char *fragment)
{
	return !strchr(fragment, '=') && strcmp(fragment, "status") != 0 &&
	       strcmp(fragment, "contains") != 0;
}

static int parse_http(const char *url, struct endpoint_url *e, struct err *err)
{
	size_t len = strcspn(url, "#");

	e->lowest = 100;
	e->highest = HIGHEST_STATUS;
	e->ask = str_dupn(url, len);
	return url[len] && !is_anchor(url + len + 1) ? parse_proof(url + len + 1, e, err) : 0;
}

/* "HOST:PORT", "[IPV6]:PORT". */
static bool has_port(const char *place)
{
	const char *colon = strrchr(place, ':');
	char *end;

	if (!colon || colon == place || strpbrk(place, "/@"))
		return false;
	long port = strtol(colon + 1, &end, 10);
	return colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && port > 0 && port < 65536;
}

static int parse_tcp(const char *rest, struct endpoint_url *e, struct err *err)
{
	size_t len = strcspn(rest, "?#");
	CLEANUP_FREE char *place = str_dupn(rest, len);

	e->stream = true;
	if (!has_port(place))
		return 1;
	e->ask = str_fmt("http://%s", place);
	return rest[len] ? parse_proof(rest + len + 1, e, err) : 0;
}

/* An instance that wants a password says so itself, and runs. One that loads its data says
 * -LOADING.
 */
static int parse_redis(const char *rest, struct endpoint_url *e, struct err *err)
{
	const char *bracket = strrchr(rest, ']');
	bool port = strchr(bracket ? bracket : rest, ':') != NULL;
	CLEANUP_FREE char *place = str_fmt("%s%s", rest, port ? "" : ":" REDIS_PORT);

	e->stream = true;
	if (strpbrk(rest, "?#"))
		return err_set(err, EXIT_USAGE,
			       "redis:// has its own proof; write tcp://HOST:PORT#send=... for "
			       "another");
	if (!has_port(place))
		return 1;
	e->ask = str_fmt("http://%s", place);
	buf_puts(&e->send, "PING\r\n");
	buf_puts(&e->expect, "+PONG");
	e->also = "-NOAUTH";
	return 0;
}

int endpoint_url_parse(const char *url, struct endpoint_url *ret, struct err *err)
{
	int status = 1; /* no form of ours */

	if ((str_starts(url, "http://") && url[7]) || (str_starts(url, "https://") && url[8]))
		status = parse_http(url, ret, err);
	else if (str_starts(url, "tcp://"))
		status = parse_tcp(url + strlen("tcp://"), ret, err);
	else if (str_starts(url, "redis://"))
		status = parse_redis(url + strlen("redis://"), ret, err);
	if (status < 0)
		return err_wrap(err, "endpoint '%.*s'", SHOWN, url);
	if (status > 0)
		return err_set(err, EXIT_USAGE,
			       "endpoint '%.*s' is not http://..., https://..., tcp://HOST:PORT or "
			       "redis://HOST",
			       SHOWN, url);
	return 0;
}

bool endpoint_url_proves(const struct endpoint_url *e, const struct buf *bytes)
{
	if (!e->expect.len)
		return true;
	return bytes->len && (memmem(bytes->s, bytes->len, e->expect.s, e->expect.len) ||
			      (e->also && memmem(bytes->s, bytes->len, e->also, strlen(e->also))));
}
