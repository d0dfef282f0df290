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
#include "cmigrate/container/container.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static int add(struct containers *list, const char *text, struct err *err)
{
	struct facts facts;

	facts_parse(&facts, text);
	int status = containers_add(list, "rhel01", &facts, err);
	facts_clear(&facts);
	return status;
}

static void a_whole_list(void **state)
{
	static const char text[] =
		"now=1700000060\n"
		"list=[{\"id\":\"web\",\"pid\":90,\"status\":\"running\",\"bundle\":\"/b/web\","
		"\"created\":\"2023-11-14T22:13:20.449424194Z\",\"annotations\":{"
		"\"org.cmigrate.address\":\"10.0.0.7/24@eth1, fd00::7\","
		"\"org.cmigrate.endpoint\":\"http://10.0.0.7/ tcp://[fd00::7]:80\"}},"
		"{\"id\":\"db\",\"pid\":0,\"status\":\"stopped\"}]\n"
		"memory=90 4096 3\n";
	struct containers list = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(add(&list, text, &err), 0);
	assert_int_equal(list.n, 2);
	containers_sort(&list);
	assert_string_equal(list.rows[0].name, "db");
	assert_int_equal(list.rows[0].memory, -1);
	assert_int_equal(list.rows[0].age, -1);
	assert_false(container_lives(&list.rows[0]));
	const struct container *c = &list.rows[1];
	assert_string_equal(c->host, "rhel01");
	assert_string_equal(c->bundle, "/b/web");
	assert_int_equal(c->pid, 90);
	assert_int_equal(c->memory, 4096);
	assert_int_equal(c->processes, 3);
	assert_int_equal(c->age, 60);
	assert_true(container_lives(c));
	CLEANUP_FREE char *ips = container_ips(c), *urls = container_urls(c);
	assert_string_equal(ips, "10.0.0.7,fd00::7");
	assert_string_equal(urls, "http://10.0.0.7/,tcp://[fd00::7]:80");
	containers_clear(&list);
}

static void none(void **state)
{
	static const char *const texts[] = {"list=[]\n", "now=5\nlist=[]\nx=y\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct containers list = {0};
		struct err err = ERR_INIT;
		assert_int_equal(add(&list, texts[i], &err), 0);
		assert_int_equal(list.n, 0);
		containers_clear(&list);
	}
}

/* A malformed list is refused as a whole: half of it would look complete. */
static void malformed_lists(void **state)
{
	static const char *const texts[] = {
		"",
		"list=\n",
		"list={}\n",
		"list=[\n",
		"list=[1]\n",
		"list=\"web\"\n",
		"list=[{\"id\":\"web\"},{\"pid\":1}]\n",
		"list=[{\"id\":7}]\n",
		"list=[{\"id\":\"a\",\"id\":\"b\"}]\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct containers list = {0};
		struct err err = ERR_INIT;
		if (add(&list, texts[i], &err) == 0)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(err.code, EXIT_FAILED);
		assert_non_null(strstr(err.msg, "rhel01"));
		assert_int_equal(list.n, 0);
		containers_clear(&list);
	}
}

/* Fields of a wrong type or size count as absent, and no text moves a cursor. */
static void wrong_fields(void **state)
{
	static const char text[] =
		"now=-5\n"
		"list=[{\"id\":\"a\\u001b[2J\",\"pid\":-3,\"status\":\"dancing\",\"bundle\":[],"
		"\"created\":12,\"annotations\":{\"org.cmigrate.address\":{}}},"
		"{\"id\":\"b\",\"pid\":99999999999,\"status\":7,\"annotations\":[]},"
		"{\"id\":\"c\",\"pid\":5,\"status\":\"running\"}]\n"
		"memory=5 -7 1\nmemory=5 1 2 3\nmemory=x\nmemory=\n";
	struct containers list = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(add(&list, text, &err), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.rows[0].name, "a?[2J");
	assert_string_equal(list.rows[0].state, "unknown");
	assert_string_equal(list.rows[0].bundle, "");
	assert_string_equal(list.rows[0].created, "");
	assert_string_equal(list.rows[0].addresses, "");
	assert_true(container_lives(&list.rows[0]));
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(list.rows[i].pid, 0);
	assert_int_equal(list.rows[2].memory, -1);
	containers_clear(&list);
}

static void long_texts(void **state)
{
	struct buf text = {0};
	struct containers list = {0};
	struct err err = ERR_INIT;

	(void)state;
	buf_puts(&text, "list=[{\"id\":\"a\",\"bundle\":\"/");
	for (int i = 0; i < CONTAINER_TEXT_MAX; i++)
		buf_puts(&text, "x");
	buf_puts(&text, "\"}]\n");
	assert_int_equal(add(&list, buf_str(&text), &err), 0);
	assert_string_equal(list.rows[0].bundle, "");
	containers_clear(&list);
	buf_clear(&text);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2023-11-14T22:13:20Z", 1700000000},
		{"2023-11-14T22:13:20.999999999Z", 1700000000},
		{"2023-11-15T00:13:20+02:00", 1700000000},
		{"2023-11-14T20:43:20.5-01:30", 1700000000},
		{"1969-12-31T23:59:59Z", -1},
		{"2023-11-14T22:13:20", -1},
		{"2023-11-14 22:13:20Z", -1},
		{"2023-11-14T22:13:20Zx", -1},
		{"2023-11-14T22:13:20*02:00", -1},
		{"2023-13-14T22:13:20Z", -1},
		{"yesterday", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (container_time(rows[i].text) != rows[i].seconds)
			fail_msg("'%s': %lld", rows[i].text,
				 (long long)container_time(rows[i].text));
}

static void ages(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{-1, "-"},	{0, "0s"},	   {59, "59s"},	    {60, "1m"},	      {3599, "59m"},
		{3600, "1h0m"}, {86399, "23h59m"}, {86400, "1d0h"}, {273600, "3d4h"},
	};
	char text[24];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		container_age(text, rows[i].seconds);
		assert_string_equal(text, rows[i].text);
	}
	container_age(text, INT64_MAX);
	assert_true(strlen(text) < sizeof(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_list),
		cmocka_unit_test(none),
		cmocka_unit_test(malformed_lists),
		cmocka_unit_test(wrong_fields),
		cmocka_unit_test(long_texts),
		cmocka_unit_test(times),
		cmocka_unit_test(ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
