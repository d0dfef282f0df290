/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmigrate/base/json.h"
#include "stub.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static json_t *parse(const char *text)
{
	struct err err = ERR_INIT;
	json_t *root = json_parse(text, strlen(text), "x.json", &err);

	if (!root)
		fail_msg("%s", err.msg);
	return root;
}

/* Accepts NUL in strings, which json_parse() refuses. */
static json_t *parse_any(const char *text)
{
	json_t *root = json_loads(text, JSON_ALLOW_NUL, NULL);

	assert_non_null(root);
	return root;
}

static void refused(const char *text, size_t len, const char *wanted)
{
	struct err err = ERR_INIT;

	assert_null(json_parse(text, len, "x.json", &err));
	assert_int_equal(err.code, EXIT_USAGE);
	if (!strstr(err.msg, wanted))
		fail_msg("'%.40s' gave '%s'", text, err.msg);
}

static void not_an_object(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"", "'x.json', line "},
		{"[]", "'x.json' is not a JSON object"},
		{"null", "'x.json', line 1"},
		{"{", "line 1"},
		{"{\"a\":1}}", "end of file expected"},
		{"{\"a\":1,\n \"a\":2}", "line 2, column "},
		{"{\"a\":{\"b\":1,\"b\":1}}", "duplicate"},
		{"{\"a\":\"\xff\"}", "unable to decode"},
		{"{'a':1}", "line 1"},
		{"{\"a\":1e999}", "real number overflow"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refused(rows[i].text, strlen(rows[i].text), rows[i].wanted);
	refused("{}\0{}", 5, "line 1");
	refused("{\"a\\u0000b\":1}", 14, "line 1");
	refused("{\"a\":\"b\\u0000c\"}", 16, "line 1");
}

static void bounds(void **state)
{
	(void)state;
	char *text = mem_new(1, JSON_TEXT_MAX + 2);
	memset(text, ' ', JSON_TEXT_MAX + 1);
	text[0] = '{';
	text[JSON_TEXT_MAX - 1] = '}';
	struct err err = ERR_INIT;
	json_t *root = json_parse(text, JSON_TEXT_MAX, "x.json", &err);
	assert_non_null(root);
	json_decref(root);
	refused(text, JSON_TEXT_MAX + 1, "'x.json' is longer than 1048576 bytes");
	free(text);
}

/* Deep nesting must not use up the stack. */
static void depth(void **state)
{
	struct buf text = {0};

	(void)state;
	buf_puts(&text, "{\"a\":");
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "[");
	refused(text.s, text.len, "maximum parsing depth");
	buf_clear(&text);
	buf_puts(&text, "{\"a\":");
	for (int i = 0; i < 100; i++)
		buf_puts(&text, "[");
	for (int i = 0; i < 100; i++)
		buf_puts(&text, "]");
	buf_puts(&text, "}");
	json_decref(parse(text.s));
	buf_clear(&text);
}

static void files(void **state)
{
	char *dir = stub_dir_make();
	CLEANUP_FREE char *path = str_fmt("%s/x.json", dir), *fifo = str_fmt("%s/fifo", dir);
	struct err err = ERR_INIT;

	(void)state;
	assert_null(json_read_file(path, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	CLEANUP_FREE char *wanted = str_fmt("can't read '%s': No such file or directory", path);
	assert_string_equal(err.msg, wanted);
	stub_program(dir, "x.json", "{\"a\":\"b\"}\n");
	json_t *root = json_read_file(path, &err);
	assert_non_null(root);
	json_decref(root);
	assert_null(json_read_file(dir, &err));
	assert_non_null(strstr(err.msg, "Is a directory"));
	/* Reading this fifo must not wait for a writer. */
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_null(json_read_file(fifo, &err));
	/* An endless file. */
	assert_null(json_read_file("/dev/zero", &err));
	assert_non_null(strstr(err.msg, "longer than"));
	stub_dir_remove(dir);
}

static void strings(void **state)
{
	json_t *root = parse_any("{\"s\":\"text\",\"n\":1,\"z\":\"a\\u0000b\",\"null\":null}");
	struct err err = ERR_INIT;
	char *text = str_dup("before");

	(void)state;
	assert_int_equal(json_get_string(root, "move", "absent", &text, &err), 0);
	assert_string_equal(text, "before");
	assert_int_equal(json_get_string(root, "move", "s", &text, &err), 0);
	assert_string_equal(text, "text");
	assert_int_equal(json_get_string(root, "move", "n", &text, &err), -1);
	assert_string_equal(err.msg, "'move.n' is not a string");
	assert_int_equal(err.code, EXIT_USAGE);
	/* A string with a NUL byte would lose its end. */
	assert_int_equal(json_get_string(root, "", "z", &text, &err), -1);
	assert_string_equal(err.msg, "'z' is not a string");
	assert_int_equal(json_get_string(root, "", "null", &text, &err), -1);
	assert_string_equal(text, "text");
	free(text);
	json_decref(root);
}

static void numbers(void **state)
{
	json_t *root = parse("{\"n\":30,\"zero\":0,\"minus\":-1,\"max\":2147483647,"
			     "\"more\":2147483648,\"half\":0.5,\"s\":\"1\"}");
	struct err err = ERR_INIT;
	unsigned n = 77;
	double d = 7;

	(void)state;
	assert_int_equal(json_get_uint(root, "", "absent", &n, &err), 0);
	assert_int_equal(n, 77);
	assert_int_equal(json_get_uint(root, "", "n", &n, &err), 0);
	assert_int_equal(n, 30);
	assert_int_equal(json_get_uint(root, "", "zero", &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(json_get_uint(root, "", "max", &n, &err), 0);
	assert_int_equal(n, 2147483647);
	static const char *const wrong[] = {"minus", "more", "half", "s"};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(json_get_uint(root, "m", wrong[i], &n, &err), -1);
		CLEANUP_FREE char *wanted =
			str_fmt("'m.%s' is not a whole number of 0 or more", wrong[i]);
		assert_string_equal(err.msg, wanted);
	}
	assert_int_equal(n, 2147483647);
	assert_int_equal(json_get_number(root, "", "half", &d, &err), 0);
	assert_true(d > 0.49 && d < 0.51);
	assert_int_equal(json_get_number(root, "", "n", &d, &err), 0);
	assert_true(d > 29.9 && d < 30.1);
	assert_int_equal(json_get_number(root, "", "s", &d, &err), -1);
	assert_string_equal(err.msg, "'s' is not a number");
	json_decref(root);
}

static void lists(void **state)
{
	json_t *root = parse_any("{\"l\":[\"a\",\"b c\"],\"e\":[],\"mixed\":[\"a\",1],\"s\":\"a\","
				 "\"z\":[\"a\\u0000b\"]}");
	CLEANUP_ARGV struct argv words = {0};
	struct err err = ERR_INIT;
	static const char *const wrong[] = {"mixed", "s", "z"};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(json_get_strings(root, "ssh", wrong[i], &words, &err), -1);
		assert_non_null(strstr(err.msg, "is not a list of strings"));
		assert_int_equal(words.n, 0);
	}
	assert_int_equal(json_get_strings(root, "ssh", "e", &words, &err), 0);
	assert_int_equal(json_get_strings(root, "ssh", "absent", &words, &err), 0);
	assert_int_equal(words.n, 0);
	assert_int_equal(json_get_strings(root, "ssh", "l", &words, &err), 0);
	assert_int_equal(words.n, 2);
	assert_string_equal(words.v[1], "b c");
	json_decref(root);
}

static void objects(void **state)
{
	json_t *root = parse("{\"o\":{\"a\":1},\"l\":[]}");
	struct err err = ERR_INIT;
	const json_t *part = root;

	(void)state;
	assert_int_equal(json_get_object(root, "", "absent", &part, &err), 0);
	assert_null(part);
	assert_int_equal(json_get_object(root, "", "o", &part, &err), 0);
	assert_int_equal(json_object_size(part), 1);
	assert_int_equal(json_get_object(root, "", "l", &part, &err), -1);
	assert_string_equal(err.msg, "'l' is not an object");
	json_decref(root);
}

static void known_keys(void **state)
{
	static const char *const known[] = {"timeout", "strategy", NULL};
	static const char *const none[] = {NULL};
	struct err err = ERR_INIT;

	(void)state;
	json_t *root = parse("{\"timeout\":1,\"stratgy\":2}");
	assert_int_equal(json_check_keys(root, "move", known, &err), -1);
	assert_int_equal(err.code, EXIT_USAGE);
	assert_string_equal(err.msg, "unknown key 'move.stratgy'; did you mean 'strategy'?");
	assert_int_equal(json_check_keys(root, "", none, &err), -1);
	json_decref(root);
	root = parse("{\"timeout\":1}");
	assert_int_equal(json_check_keys(root, "move", known, &err), 0);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_an_object), cmocka_unit_test(bounds),
		cmocka_unit_test(depth),	 cmocka_unit_test(files),
		cmocka_unit_test(strings),	 cmocka_unit_test(numbers),
		cmocka_unit_test(lists),	 cmocka_unit_test(objects),
		cmocka_unit_test(known_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
