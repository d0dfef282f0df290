/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "agent/request/json_scan.h"

static void expect(const char *text, const char *path, const char *value)
{
	CLEANUP_FREE char *found = json_scan(text, strlen(text), path);

	if (!value) {
		if (found)
			fail_msg("%s has %s: %s", text, path, found);
	} else if (!found || strcmp(found, value) != 0) {
		fail_msg("%s has no %s but %s", text, path, found ? found : "nothing");
	}
}

static void values_of_every_kind(void **state)
{
	static const char text[] = " {\"s\":\"a b\", \"n\" : -12.5e3,\"t\":true,\"z\":null,\n"
				   "\"o\":{\"a\": {\"b\":\"c\"}},\"l\":[1,[2,{}]],\"e\":{}} ";

	(void)state;
	expect(text, "s", "a b");
	expect(text, "n", "-12.5e3");
	expect(text, "t", "true");
	expect(text, "z", "null");
	expect(text, "o", "{\"a\": {\"b\":\"c\"}}");
	expect(text, "o.a.b", "c");
	expect(text, "l", "[1,[2,{}]]");
	expect(text, "e", "{}");
	expect(text, "b", NULL);
	expect(text, "s.a", NULL);
	expect(text, "o.a.b.c", NULL);
}

static void names_with_dots_and_without_letters(void **state)
{
	static const char text[] = "{\"a\":{\"org\":{\"x\":1},\"org.cmigrate.pin\":\"true\"},"
				   "\"p\":{\"\":\"v2\",\"q\":\"v1\"}}";

	(void)state;
	expect(text, "a.org.cmigrate.pin", "true");
	expect(text, "a.org.x", "1");
	expect(text, "p.", "v2");
	expect(text, "p.q", "v1");
	expect(text, "p.r", NULL);
}

static void escapes(void **state)
{
	(void)state;
	expect("{\"a\":\"\\u003c\\n\\t\\\"\\\\\\/\\u00e4\\u20ac\\ud83d\\ude00\"}", "a",
	       "<\n\t\"\\/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	expect("{\"\\u0061b\":1}", "ab", "1");
	/* A zero byte would cut the text. */
	expect("{\"a\":\"x\\u0000y\"}", "a", NULL);
	expect("{\"a\\u0000\":1}", "a", NULL);
	expect("{\"a\":\"\\ud83d\"}", "a", NULL);
	expect("{\"a\":\"\\ude00\"}", "a", NULL);
	expect("{\"a\":\"\\u00g0\"}", "a", NULL);
	expect("{\"a\":\"\\x\"}", "a", NULL);
}

static void the_first_of_two_counts(void **state)
{
	(void)state;
	expect("{\"a\":1,\"a\":2}", "a", "1");
	expect("{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "a.c", "2");
}

static void what_is_no_json(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"\"a\"",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":\"b",
		"{a:1}",
		"{\"b\":[1,}",
		"{\"b\" 1}",
		"{\"b\":1",
		"{\"b\":1 2}",
		"{\"a\":[1}",
		"{\"a\":{\"b\"",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\\",
		"{\"a\":\"\\u12",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect(texts[i], "a", NULL);
}

static void a_whole_object(void **state)
{
	static const char yes[] = " {\"a\":[{}]}\n";
	static const char *const no[] = {"", "[]", "{", "{} {}", "{\"a\":1}x", "{\"a\":1", "1"};

	(void)state;
	assert_true(json_scan_is_object(yes, strlen(yes)));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		assert_false(json_scan_is_object(no[i], strlen(no[i])));
}

static void nesting_is_bounded(void **state)
{
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	buf_puts(&text, "{\"b\":");
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "[");
	expect(text.s, "a", NULL);
	buf_clear(&text);
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "{\"a\":");
	expect(text.s, "a.a.a", NULL);
}

static void strings_of_an_array(void **state)
{
	static const char text[] =
		"{\"a\":[\"x\",1,[\"y\"],\"\\u0000\",\"z\"],\"e\":[],\"s\":\"t\","
		"\"cut\":[\"x\"";
	CLEANUP_ARGV struct argv words = {0};

	(void)state;
	assert_int_equal(json_scan_strings(text, strlen(text), "a", &words), 0);
	assert_int_equal(words.n, 2);
	assert_string_equal(words.v[0], "x");
	assert_string_equal(words.v[1], "z");
	assert_int_equal(json_scan_strings(text, strlen(text), "e", &words), 0);
	assert_int_equal(words.n, 2);
	assert_int_equal(json_scan_strings(text, strlen(text), "s", &words), -1);
	assert_int_equal(json_scan_strings(text, strlen(text), "none", &words), -1);
	assert_int_equal(json_scan_strings(text, strlen(text), "cut", &words), -1);
}

static void quoted_texts_are_read_again(void **state)
{
	static const char odd[] = "a\"b\\c\n\x01\x7f \xc3\xa4";
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	buf_puts(&text, "{\"a\":");
	json_scan_quote(&text, odd);
	buf_puts(&text, "}");
	expect(text.s, "a", odd);
}

static void objects_of_an_array(void **state)
{
	static const char text[] = "{\"a\":[{\"b\":\"]}\"},7,\"x\",[{}], {} ],\"n\":[{\"c\":1}";
	CLEANUP_ARGV struct argv found = {0};

	(void)state;
	assert_int_equal(json_scan_objects(text, strlen(text), "a", &found), 0);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.v[0], "{\"b\":\"]}\"}");
	assert_string_equal(found.v[1], "{}");
	assert_int_equal(json_scan_objects(text, strlen(text), "n", &found), -1);
	assert_int_equal(json_scan_objects(text, strlen(text), "x", &found), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_an_array),
		cmocka_unit_test(values_of_every_kind),
		cmocka_unit_test(names_with_dots_and_without_letters),
		cmocka_unit_test(escapes),
		cmocka_unit_test(the_first_of_two_counts),
		cmocka_unit_test(what_is_no_json),
		cmocka_unit_test(a_whole_object),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(strings_of_an_array),
		cmocka_unit_test(quoted_texts_are_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
