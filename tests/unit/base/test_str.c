/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void copies(void **state)
{
	char *s = NULL;

	(void)state;
	assert_null(str_dup(NULL));
	str_set(&s, "one");
	assert_string_equal(s, "one");
	/* The new value may be part of the old one. */
	str_set(&s, s + 1);
	assert_string_equal(s, "ne");
	str_set(&s, NULL);
	assert_null(s);
	CLEANUP_FREE char *part = str_dupn("abc", 2);
	CLEANUP_FREE char *empty = str_dupn("abc", 0);
	CLEANUP_FREE char *made = str_fmt("%s-%d", "a", 7);
	assert_string_equal(part, "ab");
	assert_string_equal(empty, "");
	assert_string_equal(made, "a-7");
}

/* Masked text is accepted by jansson, and valid text is unchanged. */
static void masks_invalid_utf8(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		 "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"zur\xfc"
		 "ck",
		 "zur?ck"},
		{"\xc3", "?"},
		{"a\xe2\x82", "a??"},
		{"\xc0\xaf", "??"},
		{"\xe0\x80\xaf", "???"},
		{"\xed\xa0\x80", "???"},
		{"\xf4\x90\x80\x80", "????"},
		{"\xf8\x88", "??"},
		{"\xc2\x9b"
		 "1m",
		 "??1m"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_FREE char *s = str_dup(rows[i].text);
		str_mask(s);
		assert_string_equal(s, rows[i].wanted);
	}
}

static void masks(void **state)
{
	char s[] = "a\tb\x1b[31m\x7f\x01\xc3\xbc~ ", wide[] = "\xc2\x9b"
							      "2J\xc2\xa0\xc2";

	(void)state;
	str_mask(s);
	assert_string_equal(s, "a?b?[31m??\xc3\xbc~ ");
	/* U+009B does what ESC [ does. */
	str_mask(wide);
	assert_string_equal(wide, "??2J\xc2\xa0?");
}

static void prefixes(void **state)
{
	(void)state;
	assert_true(str_starts("abc", "ab"));
	assert_true(str_starts("abc", ""));
	assert_false(str_starts("a", "ab"));
	assert_false(str_starts("", "a"));
}

static void trims(void **state)
{
	char both[] = " \t a b \r\n", blanks[] = " \n", none[] = "";

	(void)state;
	assert_string_equal(str_trim(both), "a b");
	assert_string_equal(str_trim(blanks), "");
	assert_string_equal(str_trim(none), "");
}

static void distances(void **state)
{
	static const char w63[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	(void)state;
	assert_int_equal(str_distance("", ""), 0);
	assert_int_equal(str_distance("", "abc"), 3);
	assert_int_equal(str_distance("abc", ""), 3);
	assert_int_equal(str_distance("move", "move"), 0);
	assert_int_equal(str_distance("move", "mvoe"), 2);
	assert_int_equal(str_distance("kitten", "sitting"), 3);
	assert_int_equal(str_distance("sitting", "kitten"), 3);
	assert_int_equal(strlen(w63), 63);
	assert_int_equal(str_distance(w63, w63), 0);
	CLEANUP_FREE char *w64 = str_fmt("%sa", w63);
	assert_int_equal(str_distance(w64, w64), 63);
}

static void buffers(void **state)
{
	CLEANUP_BUF struct buf b = {0};

	(void)state;
	assert_string_equal(buf_str(&b), "");
	/* Consuming 0 bytes of an empty buffer is fine. */
	buf_consume(&b, 0);
	buf_add(&b, NULL, 0);
	assert_string_equal(b.s, "");
	buf_puts(&b, "abc");
	buf_add(&b, "\0d", 2);
	buf_printf(&b, "%d%s", 5, "e");
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.s, "abc\0d5e", 8);
	buf_consume(&b, 4);
	assert_string_equal(b.s, "d5e");
	buf_consume(&b, 3);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.s, "");
	buf_clear(&b);
	buf_clear(&b);
	assert_null(b.s);
}

static void a_buffer_grows(void **state)
{
	CLEANUP_BUF struct buf b = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, "%04d", i);
	assert_int_equal(b.len, 40000);
	assert_memory_equal(b.s + 39996, "9999", 5);
	assert_true(b.cap > b.len);
}

static void a_buffer_is_given_away(void **state)
{
	struct buf b = {0};
	CLEANUP_FREE char *empty = buf_steal(&b);

	(void)state;
	assert_string_equal(empty, "");
	buf_puts(&b, "x");
	CLEANUP_FREE char *text = buf_steal(&b);
	assert_string_equal(text, "x");
	assert_null(b.s);
	assert_int_equal(b.len + b.cap, 0);
}

static void vectors(void **state)
{
	CLEANUP_ARGV struct argv a = {0}, more = {0};

	(void)state;
	assert_false(argv_has(&a, "x"));
	argv_extend(&a, &more);
	assert_int_equal(a.n, 0);
	argv_addl(&more, "p", "", (char *)NULL);
	argv_add(&a, "one");
	argv_addf(&a, "%s=%d", "k", 1);
	argv_extend(&a, &more);
	assert_int_equal(a.n, 4);
	assert_string_equal(a.v[1], "k=1");
	assert_string_equal(a.v[3], "");
	assert_null(a.v[4]);
	assert_true(argv_has(&a, ""));
	assert_false(argv_has(&a, "on"));
	argv_clear(&a);
	assert_null(a.v);
}

static void quoting(void **state)
{
	static const struct {
		const char *word, *quoted;
	} rows[] = {
		{"", "''"},
		{"abc", "abc"},
		{"-x=/a:b,c.d@e%f+g_h", "-x=/a:b,c.d@e%f+g_h"},
		{"a b", "'a b'"},
		{"it's", "'it'\\''s'"},
		{"'", "''\\'''"},
		{"$(x)`y`\"\\", "'$(x)`y`\"\\'"},
		{"a\nb", "'a\nb'"},
		{"~", "'~'"},
		{"*", "'*'"},
		{"\xc3\xbc", "'\xc3\xbc'"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_BUF struct buf line = {0};
		quote_word(&line, rows[i].word);
		assert_string_equal(line.s, rows[i].quoted);
	}
}

/* A real shell gives back every byte but NUL unchanged, alone and between letters. */
static void a_shell_reads_quoted_words(void **state)
{
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_BUF struct buf line = {0}, wanted = {0}, got = {0};
	char chunk[4096];

	(void)state;
	argv_addl(&words, "printf", "%s|", "", (char *)NULL);
	for (int c = 1; c < 256; c++) {
		argv_addf(&words, "%c", c);
		argv_addf(&words, "a%cb%c%c", c, c, c);
	}
	for (size_t i = 2; i < words.n; i++)
		buf_printf(&wanted, "%s|", words.v[i]);
	quote_argv(&line, words.v);
	FILE *shell = popen(line.s, "r");
	assert_non_null(shell);
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), shell)) > 0;)
		buf_add(&got, chunk, n);
	assert_int_equal(pclose(shell), 0);
	assert_int_equal(got.len, wanted.len);
	assert_memory_equal(got.s, wanted.s, wanted.len);
}

static void allocation(void **state)
{
	(void)state;
	char *p = mem_new(3, 2);
	assert_memory_equal(p, "\0\0\0\0\0", 6);
	p = mem_grow(p, 0, 0);
	assert_non_null(p);
	free(p);
	p = mem_new(0, 0);
	assert_non_null(p);
	free(p);
}

static void words_and_lines(void **state)
{
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_FREE char *last = str_last_line("one\n two \n\n  \n");
	CLEANUP_FREE char *only = str_last_line("one");
	CLEANUP_FREE char *none = str_last_line(" \n");

	(void)state;
	argv_words(&words, ", a,,b\tc ", ", ");
	assert_int_equal(words.n, 2);
	assert_string_equal(words.v[0], "a");
	assert_string_equal(words.v[1], "b\tc");
	argv_words(&words, " ,", ", ");
	assert_int_equal(words.n, 2);
	assert_string_equal(last, "two");
	assert_string_equal(only, "one");
	assert_string_equal(none, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_lines),
		cmocka_unit_test(copies),
		cmocka_unit_test(masks),
		cmocka_unit_test(masks_invalid_utf8),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(trims),
		cmocka_unit_test(distances),
		cmocka_unit_test(buffers),
		cmocka_unit_test(a_buffer_grows),
		cmocka_unit_test(a_buffer_is_given_away),
		cmocka_unit_test(vectors),
		cmocka_unit_test(quoting),
		cmocka_unit_test(a_shell_reads_quoted_words),
		cmocka_unit_test(allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
