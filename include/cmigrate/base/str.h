/* SPDX-License-Identifier: MIT */
/*
 * str: growing buffers, argument vectors, and the one function that quotes for a remote shell.
 *
 * Memory: an allocation that fails ends the program with a message; nothing here returns NULL.
 */
#ifndef CMIGRATE_STR_H
#define CMIGRATE_STR_H

#include <stdbool.h>
#include <stddef.h>

/* Frees the string a variable points to when it goes out of scope. */
#define CLEANUP_FREE __attribute__((cleanup(str_free_p)))
void str_free_p(char **s);

/* A copy, owned by the caller. NULL gives NULL. */
char *str_dup(const char *s);
char *str_dupn(const char *s, size_t len);
char *str_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Frees *dest and puts a copy of s there. */
void str_set(char **dest, const char *s);

/* Replaces control bytes (below 0x20, 0x7f, and U+0080 to U+009F) and invalid UTF-8 by "?", so that
 * no message moves a cursor and every text is valid in JSON. */
void str_mask(char *s);
bool str_starts(const char *s, const char *prefix);
/* Cuts blanks and line ends off both ends, in place; returns the new start. */
char *str_trim(char *s);
/* The last line that isn't blank, trimmed; "" if there is none. Owned by the caller. */
char *str_last_line(const char *text);
/* Edit distance of two words, for "did you mean"; words over 63 bytes count as far away. */
size_t str_distance(const char *a, const char *b);

/* Allocation that never fails; zeroed. */
void *mem_new(size_t count, size_t size);
void *mem_grow(void *old, size_t count, size_t size);

/* A byte string that grows. s is terminated after the first addition, and NULL before it. */
struct buf {
	char *s;
	size_t len;
	size_t cap;
};
#define CLEANUP_BUF __attribute__((cleanup(buf_clear)))

void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
void buf_clear(struct buf *b);
/* The text, "" when empty; owned by the buffer. */
const char *buf_str(const struct buf *b);
/* Gives the string away: the caller owns it, the buffer is empty again. Never NULL. */
char *buf_steal(struct buf *b);

/* A list of words. v is NULL-terminated after the first addition. The list owns its words. */
struct argv {
	char **v;
	size_t n;
};
#define CLEANUP_ARGV __attribute__((cleanup(argv_clear)))

void argv_add(struct argv *a, const char *word);
void argv_addf(struct argv *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds words up to a closing NULL. */
void argv_addl(struct argv *a, ...) __attribute__((sentinel));
/* Splits a text at any run of these separator bytes and adds its words. */
void argv_words(struct argv *a, const char *text, const char *separators);
void argv_extend(struct argv *a, const struct argv *more);
bool argv_has(const struct argv *a, const char *word);
void argv_clear(struct argv *a);

/*
 * Adds one word, quoted for a POSIX shell. Every word for a remote shell goes through here. Words
 * of [A-Za-z0-9_@%+=:,./-] stay bare, all others get single quotes. It works for every byte but
 * NUL; a newline stays a newline between the quotes.
 */
void quote_word(struct buf *line, const char *word);
/* Adds the words of a command, quoted, with one blank between them. */
void quote_argv(struct buf *line, char *const *argv);

#endif
