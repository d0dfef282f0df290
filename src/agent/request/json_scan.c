/* SPDX-License-Identifier: MIT */
#include "json_scan.h"

#include <string.h>

#define DEPTH_MAX 64

/* The place in a text; both are NULL once it was found to be no JSON. */
struct cursor {
	const char *p, *end;
};

static bool fail(struct cursor *c)
{
	c->p = c->end = NULL;
	return false;
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
		c->p++;
}

/* Skips blanks and this byte, if it is the next one. */
static bool take(struct cursor *c, char byte)
{
	skip_blanks(c);
	if (c->p == c->end || *c->p != byte)
		return false;
	c->p++;
	return true;
}

static bool peek(struct cursor *c, char byte)
{
	skip_blanks(c);
	return c->p < c->end && *c->p == byte;
}

/* Four hexadecimal digits; -1: they aren't there. */
static int hex4(struct cursor *c)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *d = c->p < c->end && *c->p ? strchr(digits, *c->p) : NULL;
		if (!d)
			return -1;
		value = value * 16 + (int)((d - digits) % 16);
		c->p++;
	}
	return value;
}

static void add_utf8(struct buf *to, unsigned code)
{
	static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	char bytes[4];

	for (size_t i = n; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(lead[n] | code);
	buf_add(to, bytes, n);
}

/* After "\u". Two of them may be one character; half of a pair is no character. */
static bool take_unicode(struct cursor *c, struct buf *to)
{
	int high = hex4(c);

	if (high < 0)
		return fail(c);
	if (high < 0xd800 || high > 0xdfff) {
		add_utf8(to, (unsigned)high);
		return true;
	}
	if (high > 0xdbff || c->end - c->p < 6 || c->p[0] != '\\' || c->p[1] != 'u')
		return fail(c);
	c->p += 2;
	int low = hex4(c);
	if (low < 0xdc00 || low > 0xdfff)
		return fail(c);
	add_utf8(to, 0x10000u + ((unsigned)(high - 0xd800) << 10) + (unsigned)(low - 0xdc00));
	return true;
}

/* After a backslash. */
static bool take_escape(struct cursor *c, struct buf *to)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (c->p == c->end || !*c->p)
		return fail(c);
	if (*c->p == 'u') {
		c->p++;
		return take_unicode(c, to);
	}
	found = strchr(names, *c->p++);
	if (!found)
		return fail(c);
	buf_add(to, &bytes[found - names], 1);
	return true;
}

/* A string, without its quotes and escapes. */
static bool take_string(struct cursor *c, struct buf *to)
{
	if (!take(c, '"'))
		return fail(c);
	while (c->p < c->end && *c->p != '"') {
		const char *from = c->p;
		while (c->p < c->end && *c->p != '"' && *c->p != '\\' &&
		       (unsigned char)*c->p >= ' ')
			c->p++;
		if (c->p > from)
			buf_add(to, from, (size_t)(c->p - from));
		if (c->p == c->end || *c->p == '"')
			break;
		/* Control characters are not allowed here. */
		if (*c->p++ != '\\')
			return fail(c);
		if (!take_escape(c, to))
			return false;
	}
	if (c->p == c->end)
		return fail(c);
	c->p++;
	return true;
}

/* A number, true, false or null. Its spelling is not judged further. */
static bool skip_word(struct cursor *c)
{
	const char *from = c->p;

	while (c->p < c->end && *c->p && strchr("abcdefghijklmnopqrstuvwxyzE0123456789+-.", *c->p))
		c->p++;
	return c->p > from || fail(c);
}

static bool skip_value(struct cursor *c, int depth);

static bool take_name(struct cursor *c, struct buf *ret)
{
	ret->len = 0;
	return take_string(c, ret) && (take(c, ':') || fail(c));
}

static bool skip_members(struct cursor *c, char closing, int depth)
{
	CLEANUP_BUF struct buf name = {0};

	if (take(c, closing))
		return true;
	do {
		if (closing == '}' && !take_name(c, &name))
			return false;
		if (!skip_value(c, depth))
			return false;
	} while (take(c, ','));
	return take(c, closing) || fail(c);
}

static bool skip_value(struct cursor *c, int depth)
{
	CLEANUP_BUF struct buf text = {0};

	skip_blanks(c);
	if (depth >= DEPTH_MAX)
		return fail(c);
	if (take(c, '{'))
		return skip_members(c, '}', depth + 1);
	if (take(c, '['))
		return skip_members(c, ']', depth + 1);
	if (peek(c, '"'))
		return take_string(c, &text);
	return skip_word(c);
}

/* The rest of a path after a member's name; NULL: another member. "" is the member itself. */
static const char *path_after(const char *path, const struct buf *name)
{
	size_t len = name->len;

	if (memchr(buf_str(name), '\0', len) || strncmp(path, buf_str(name), len) != 0)
		return NULL;
	if (!path[len])
		return path + len;
	return path[len] == '.' ? path + len : NULL;
}

static bool find(struct cursor *c, const char *path, int depth);

/* True: the cursor is at the value. False: it is after this object, or nowhere. */
static bool find_in_object(struct cursor *c, const char *path, int depth)
{
	CLEANUP_BUF struct buf name = {0};

	if (take(c, '}'))
		return false;
	do {
		if (!take_name(c, &name))
			return false;
		const char *rest = path_after(path, &name);
		if (rest && !*rest)
			return true;
		if (rest && peek(c, '{')) {
			/* A name may have dots: the path can still be found after this member. */
			if (find(c, rest + 1, depth + 1))
				return true;
			if (!c->p)
				return false;
		} else if (!skip_value(c, depth + 1)) {
			return false;
		}
	} while (take(c, ','));
	return take(c, '}') ? false : fail(c);
}

static bool find(struct cursor *c, const char *path, int depth)
{
	if (depth >= DEPTH_MAX || !take(c, '{'))
		return fail(c);
	return find_in_object(c, path, depth);
}

/* A string as a C string; NULL with a zero byte in it, which would cut it. */
static char *string_at(struct cursor *c)
{
	CLEANUP_BUF struct buf text = {0};

	if (!take_string(c, &text) || memchr(buf_str(&text), '\0', text.len))
		return NULL;
	return buf_steal(&text);
}

char *json_scan(const char *text, size_t len, const char *path)
{
	struct cursor c = {text, text + len};

	if (!find(&c, path, 0))
		return NULL;
	if (peek(&c, '"'))
		return string_at(&c);
	const char *from = c.p;
	return skip_value(&c, 0) ? str_dupn(from, (size_t)(c.p - from)) : NULL;
}

bool json_scan_is_object(const char *text, size_t len)
{
	struct cursor c = {text, text + len};

	if (!peek(&c, '{') || !skip_value(&c, 0))
		return false;
	skip_blanks(&c);
	return c.p == c.end;
}

/* Adds the elements of the array at the cursor that begin with this byte: objects as their texts,
 * strings without quotes and escapes. */
static int take_elements(struct cursor *c, char kind, struct argv *ret)
{
	if (take(c, ']'))
		return 0;
	do {
		bool wanted = peek(c, kind);
		const char *from = c->p;
		CLEANUP_FREE char *text = wanted && kind == '"' ? string_at(c) : NULL;
		if (!(wanted && kind == '"') && !skip_value(c, 0))
			return -1;
		if (!c->p)
			return -1;
		if (wanted && kind != '"')
			text = str_dupn(from, (size_t)(c->p - from));
		if (text)
			argv_add(ret, text);
	} while (take(c, ','));
	return take(c, ']') ? 0 : -1;
}

static int scan_array(const char *text, size_t len, const char *path, char kind, struct argv *ret)
{
	struct cursor c = {text, text + len};

	return find(&c, path, 0) && take(&c, '[') ? take_elements(&c, kind, ret) : -1;
}

int json_scan_strings(const char *text, size_t len, const char *path, struct argv *ret)
{
	return scan_array(text, len, path, '"', ret);
}

int json_scan_objects(const char *text, size_t len, const char *path, struct argv *ret)
{
	return scan_array(text, len, path, '{', ret);
}

void json_scan_quote(struct buf *to, const char *s)
{
	buf_puts(to, "\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_printf(to, "\\%c", *s);
		else if ((unsigned char)*s < ' ')
			buf_printf(to, "\\u%04x", (unsigned)(unsigned char)*s);
		else
			buf_add(to, s, 1);
	}
	buf_puts(to, "\"");
}
