/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"
#include "cmigrate/host/facts.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void lines_become_rows(void **state)
{
	struct facts f;

	(void)state;
	facts_parse(&f, "uid=0\nnoise\n=nameless\n\ntool=ip\nempty=\ntool=ss\nlast=a=b c");
	assert_int_equal(f.n, 5);
	assert_string_equal(facts_get(&f, "uid"), "0");
	assert_string_equal(facts_get(&f, "empty"), "");
	assert_string_equal(facts_get(&f, "absent"), "");
	assert_string_equal(facts_get(&f, "last"), "a=b c");
	assert_string_equal(facts_nth(&f, "tool", 0), "ip");
	assert_string_equal(facts_nth(&f, "tool", 1), "ss");
	assert_null(facts_nth(&f, "tool", 2));
	assert_true(facts_has(&f, "tool", "ss"));
	assert_false(facts_has(&f, "tool", "s"));
	assert_false(facts_has(&f, "too", "ip"));
	facts_clear(&f);
	assert_int_equal(f.n, 0);
	assert_string_equal(facts_get(&f, "uid"), "");
	facts_clear(&f);
}

static void nothing_gives_nothing(void **state)
{
	static const char *const texts[] = {"", "\n", "=\n=x\n", "no equals sign"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct facts f;
		facts_parse(&f, texts[i]);
		assert_int_equal(f.n, 0);
		facts_clear(&f);
	}
}

static void control_bytes_are_masked(void **state)
{
	struct facts f;

	(void)state;
	facts_parse(&f, "k\x1b=a\x1b[31mb\r\nutf=\xc3\xbc\n");
	assert_string_equal(f.rows[0].key, "k?");
	assert_string_equal(f.rows[0].value, "a?[31mb?");
	assert_string_equal(facts_get(&f, "utf"), "\xc3\xbc");
	facts_clear(&f);
}

static void rows_are_bounded(void **state)
{
	CLEANUP_BUF struct buf text = {0};
	struct facts f;

	(void)state;
	for (int i = 0; i < FACTS_MAX + 100; i++)
		buf_printf(&text, "n=%d\n", i);
	facts_parse(&f, text.s);
	assert_int_equal(f.n, FACTS_MAX);
	assert_string_equal(facts_nth(&f, "n", FACTS_MAX - 1), "4095");
	facts_clear(&f);
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t n;
	} rows[] = {
		{"n=0", 0},
		{"n=24433950720", 24433950720},
		{"n=18446744073709551615", UINT64_MAX},
		{"n=99999999999999999999999", UINT64_MAX},
		{"n=", 0},
		{"n=-1", 0},
		{"n=+1", 0},
		{"n= 1", 0},
		{"n=1.5e9", 0},
		{"n=0x10", 0},
		{"m=1", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f;
		facts_parse(&f, rows[i].text);
		assert_true(facts_uint(&f, "n") == rows[i].n);
		facts_clear(&f);
	}
}

static void versions(void **state)
{
	static const struct {
		const char *text;
		unsigned version;
	} rows[] = {
		{"v=1.3.6+ds1", VERSION(1, 3, 6)},
		{"v=4.2.1", 40201},
		{"v=3.19", VERSION(3, 19, 0)},
		{"v=1.1.0-rc.1", VERSION(1, 1, 0)},
		{"v=6.18.44-fc-v657", VERSION(6, 18, 44)},
		{"v=4.18.0-553.el8_10.x86_64", VERSION(4, 18, 0)},
		/* Not 5.6: a high patch level doesn't make a kernel newer than the next series. */
		{"v=5.4.293", VERSION(5, 4, 99)},
		{"v=1.1000000000000.7", VERSION(1, 99, 7)},
		{"v=4", VERSION(4, 0, 0)},
		{"v=", 0},
		{"v=v1.2", 0},
		{"v=-1.2", 0},
		{"v=unknown", 0},
		{"w=1.2.3", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f;
		facts_parse(&f, rows[i].text);
		assert_int_equal(facts_version(&f, "v"), rows[i].version);
		facts_clear(&f);
	}
	struct facts f;
	facts_parse(&f, "v=99999999999999999999.99999999999999.9999999999999999");
	assert_int_equal(facts_version(&f, "v"), VERSION(9900, 99, 99));
	facts_clear(&f);
}

static void json(void **state)
{
	static const char *const bad[] = {
		"j=", "j={", "j=[1,2", "j=runc: no such", "j={\"a\":1,\"a\":2}", "k={}"};
	struct facts f;

	(void)state;
	facts_parse(&f, "j=[{\"ifname\":\"eth0\"}]");
	CLEANUP_JSON json_t *good = facts_json(&f, "j");
	assert_int_equal(json_array_size(good), 1);
	facts_clear(&f);
	for (size_t i = 0; i < COUNT(bad); i++) {
		facts_parse(&f, bad[i]);
		assert_null(facts_json(&f, "j"));
		facts_clear(&f);
	}
}

/* Deep nesting must not use up the stack. */
static void deep_json_is_refused(void **state)
{
	CLEANUP_BUF struct buf text = {0};
	struct facts f;

	(void)state;
	buf_puts(&text, "j=");
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "[");
	facts_parse(&f, text.s);
	assert_null(facts_json(&f, "j"));
	facts_clear(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_rows),
		cmocka_unit_test(nothing_gives_nothing),
		cmocka_unit_test(control_bytes_are_masked),
		cmocka_unit_test(rows_are_bounded),
		cmocka_unit_test(numbers),
		cmocka_unit_test(versions),
		cmocka_unit_test(json),
		cmocka_unit_test(deep_json_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
