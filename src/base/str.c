/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/str.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void)
{
	(void)fputs("cmigrate: out of memory\n", stderr);
	abort();
}

void *mem_new(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_grow(void *old, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		out_of_memory();
	size_t bytes = count * size;
	void *p = realloc(old, bytes ? bytes : 1);
	if (!p)
		out_of_memory();
	return p;
}

void str_free_p(char **s)
{
	free(*s);
	*s = NULL;
}

char *str_dupn(const char *s, size_t len)
{
	char *p = mem_new(len + 1, 1);

	memcpy(p, s, len);
	return p;
}

char *str_dup(const char *s)
{
	return s ? str_dupn(s, strlen(s)) : NULL;
}

void str_set(char **dest, const char *s)
{
	char *copy = str_dup(s);

	free(*dest);
	*dest = copy;
}

char *str_fmt(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return s;
}

/* Length in bytes of the UTF-8 character at p; 0 if it is invalid (RFC 3629). */
static size_t character_length(const unsigned char *p)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t length;
	} rows[] = {
		{0x00, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t n = 1;
		if (*p < rows[i].first || *p > rows[i].last)
			continue;
		if (rows[i].length > 1 && (p[1] < rows[i].low || p[1] > rows[i].high))
			return 0;
		while (n < rows[i].length && (n == 1 || (p[n] & 0xc0) == 0x80))
			n++;
		return n == rows[i].length ? n : 0;
	}
	return 0;
}

void str_mask(char *s)
{
	size_t length;

	for (unsigned char *p = (unsigned char *)s; *p; p += length) {
		length = character_length(p);
		if (*p < 0x20 || *p == 0x7f || !length) {
			*p = '?';
			length = 1;
		}
		/* U+0080 to U+009F; a terminal's CSI is among them. */
		if (length == 2 && *p == 0xc2 && p[1] <= 0x9f)
			*p = p[1] = '?';
	}
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

char *str_trim(char *s)
{
	while (is_blank(*s))
		s++;
	size_t n = strlen(s);
	while (n && is_blank(s[n - 1]))
		s[--n] = '\0';
	return s;
}

#define DISTANCE_MAX 63

char *str_last_line(const char *text)
{
	size_t end = strlen(text), begin;

	while (end && is_blank(text[end - 1]))
		end--;
	for (begin = end; begin && text[begin - 1] != '\n';)
		begin--;
	while (begin < end && is_blank(text[begin]))
		begin++;
	return str_dupn(text + begin, end - begin);
}

size_t str_distance(const char *a, const char *b)
{
	size_t row[DISTANCE_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
		return DISTANCE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

static void buf_reserve(struct buf *b, size_t more)
{
	if (b->len + more + 1 <= b->cap)
		return;
	size_t cap = b->cap ? b->cap : 64;
	while (cap < b->len + more + 1)
		cap *= 2;
	b->s = mem_grow(b->s, cap, 1);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->s + b->len, data, len);
	b->len += len;
	b->s[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0) {
		buf_reserve(b, (size_t)n);
		(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_consume(struct buf *b, size_t n)
{
	if (!n)
		return; /* s may still be NULL */
	memmove(b->s, b->s + n, b->len - n + 1);
	b->len -= n;
}

void buf_clear(struct buf *b)
{
	free(b->s);
	memset(b, 0, sizeof(*b));
}

const char *buf_str(const struct buf *b)
{
	return b->s ? b->s : "";
}

char *buf_steal(struct buf *b)
{
	char *s = b->s ? b->s : str_dup("");

	memset(b, 0, sizeof(*b));
	return s;
}

static void argv_take(struct argv *a, char *word)
{
	a->v = mem_grow(a->v, a->n + 2, sizeof(*a->v));
	a->v[a->n++] = word;
	a->v[a->n] = NULL;
}

void argv_add(struct argv *a, const char *word)
{
	argv_take(a, str_dup(word));
}

void argv_addf(struct argv *a, const char *fmt, ...)
{
	struct buf b = {0};
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0) {
		buf_reserve(&b, (size_t)n);
		(void)vsnprintf(b.s, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	argv_take(a, buf_steal(&b));
}

void argv_addl(struct argv *a, ...)
{
	va_list ap;

	va_start(ap, a);
	for (const char *word; (word = va_arg(ap, const char *)) != NULL;)
		argv_add(a, word);
	va_end(ap);
}

void argv_words(struct argv *a, const char *text, const char *separators)
{
	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t len = strcspn(text, separators);
		argv_addf(a, "%.*s", (int)len, text);
		text += len;
	}
}

void argv_extend(struct argv *a, const struct argv *more)
{
	for (size_t i = 0; i < more->n; i++)
		argv_add(a, more->v[i]);
}

bool argv_has(const struct argv *a, const char *word)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], word) == 0)
			return true;
	return false;
}

void argv_clear(struct argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	memset(a, 0, sizeof(*a));
}

static bool is_bare(const char *word)
{
	static const char bare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "_@%+=:,./-";

	return *word && word[strspn(word, bare)] == '\0';
}

void quote_word(struct buf *line, const char *word)
{
	if (is_bare(word)) {
		buf_puts(line, word);
		return;
	}
	buf_puts(line, "'");
	for (const char *p = word; *p; p++) {
		if (*p == '\'')
			buf_puts(line, "'\\''");
		else
			buf_add(line, p, 1);
	}
	buf_puts(line, "'");
}

void quote_argv(struct buf *line, char *const *argv)
{
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buf_puts(line, " ");
		quote_word(line, argv[i]);
	}
}
