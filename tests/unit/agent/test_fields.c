/* SPDX-License-Identifier: MIT */
/* Which words a request may have: every field of every verb is checked before the verb sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "asked.h"

/* Words are separated by '|'. */
static const struct kind {
	const char *key, *good, *bad;
} kinds[] = {
	{"container", "web|rhel7-httpd|a.b_c", "..|a/b|.|-x|a b|*|run@web.1"},
	{"id", "20260102T030405-0a1b2c3d", "20260102T030405-0a1b2c3|20260102T030405-0a1b2c3d/..|x"},
	{"tag", "0a1b2c3d", "0a1b2c3|0a1b2c3dd|0A1B2C3D|0a1b2c3/"},
	{"netns", "/run/netns/none", "none|/run/../etc/passwd|/etc/passwd|/dev/watchdog x/.."},
	{"address", "192.0.2.7/24@eth0|fd99::1/128@|192.0.2.7/32@",
	 "192.0.2.7|192.0.2.7/24|192.0.2.7/33@|fd99::1/129@|192.0.2.7/24@a/b|192.0.2.7/24@..|x/"
	 "24@"},
	{"ip", "192.0.2.7|fd99::1", "192.0.2.007|fd99:0::1|192.0.2|host|192.0.2.7/24"},
	{"hop", "192.0.2.7|fd99::1", "192.0.2|via 1"},
	{"client", "192.0.2.7", "any|192.0.2.7;"},
	{"peer-ip", "fd99::1", "fd99::1%eth0"},
	{"server", "192.0.2.7", "rhel01"},
	{"device", "eth0|br-0.1", "..|a/b|a b|0123456789abcdef"},
	{"peer", "rhel01|root@rhel01", "-oProxyCommand=x|a b|a\nb"},
	{"port", "27000|30999", "22|26999|31000|-1|0x6978|99999999999999999999"},
	{"bind", "/srv/www|/a b", "srv|/a/../b|/a\nb"},
	{"pass", "0|17", "-1|+1|1 |0x1|123456789012345678901"},
	{"parent", "0", "../0"},
	{"count", "7", "7.0"},
	{"seconds", "30", "3e1"},
	{"number", "1", "one"},
	{"size", "0", "1M"},
	{"rate", "20971520", "20M"},
	{"quota", "max|50000", "min|50%|../max"},
	{"batch", "rebalance|drain-rhel01|drain-root@rhel01|group-web",
	 "drain-|drain-a/b|drain|group-|group-a/b|.."},
	{"ghost-limit", "1048576", "1M"},
	{"op", "set|up-2", "Set|a/b|a b"},
	{"role", "source", "/source"},
	{"images", "move|checkpoint", "moves|/tmp|../move"},
	{"kind", "plug", "plug;"},
	{"strategy", "pre-copy", "pre copy"},
	{"transport", "direct", "direct/"},
	{"file", "journal|history|events|wishes|cordon-rhel01",
	 "cordon-|cordon-a/b|lock|../journal|config.json"},
	{"flag", "tcp-established", "--tcp-established=x y|TCP"},
	{"keep", "yes", "YES"},
	{"stamp", "pid 7 on rhel01", "a\nb|a\x7f|\x1b[2J"},
};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

/* The check of one word by a verb that takes the key once. */
static bool takes(const char *key, const char *value)
{
	CLEANUP_FREE char *word = str_fmt("%s=%s", key, value);
	const struct verb verb = {.name = "v", .fields = key};
	struct request req = {.wake = -1};

	argv_addl(&req.words, "v", word, NULL);
	bool taken = fields_check(&req, &verb) == 0;
	assert_true(taken == (req.err.len == 0));
	argv_clear(&req.words);
	buf_clear(&req.err);
	return taken;
}

static void expect(const char *key, const char *values, bool taken)
{
	CLEANUP_FREE char *copy = str_dup(values);
	char *rest = copy, *value;

	while ((value = strsep(&rest, "|")) != NULL)
		if (takes(key, value) != taken)
			fail_msg("%s=%s is %s", key, value, taken ? "refused" : "taken");
}

static void each_kind_of_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		expect(kinds[i].key, kinds[i].good, true);
		expect(kinds[i].key, kinds[i].bad, false);
		/* A stamp is a text for people. */
		expect(kinds[i].key, "", strcmp(kinds[i].key, "stamp") == 0);
	}
	expect("op", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg", false);
}

static const struct kind *kind_of(const char *key, size_t len)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (strlen(kinds[i].key) == len && strncmp(kinds[i].key, key, len) == 0)
			return &kinds[i];
	return NULL;
}

/* A key of a verb has to be in the table above, with words that are taken and others that aren't.
 */
static void each_key_of_each_verb(void **state)
{
	(void)state;
	for (const struct verb *verb = agent_verbs; verb->name; verb++)
		for (const char *p = verb->fields; *p;) {
			p += strspn(p, " ");
			size_t len = strcspn(p, " ?*+");
			if (len && !kind_of(p, len))
				fail_msg("'%.*s' of verb '%s' has no test", (int)len, p,
					 verb->name);
			p += strcspn(p, " ");
		}
}

static int check(const char *fields, const char *first, const char *second)
{
	const struct verb verb = {.name = "v", .fields = fields};
	struct request req = {.wake = -1};

	argv_add(&req.words, "v");
	if (first)
		argv_add(&req.words, first);
	if (second)
		argv_add(&req.words, second);
	int status = fields_check(&req, &verb);
	argv_clear(&req.words);
	buf_clear(&req.err);
	return status;
}

static void how_often_a_field_may_be_there(void **state)
{
	(void)state;
	assert_int_equal(check("count", "count=1", NULL), 0);
	assert_int_equal(check("count", NULL, NULL), 1);
	assert_int_equal(check("count", "count=1", "count=2"), 1);
	assert_int_equal(check("count?", NULL, NULL), 0);
	assert_int_equal(check("count?", "count=1", "count=1"), 1);
	assert_int_equal(check("count*", NULL, NULL), 0);
	assert_int_equal(check("count*", "count=1", "count=2"), 0);
	assert_int_equal(check("count+", NULL, NULL), 1);
	assert_int_equal(check("count+", "count=1", "count=2"), 0);
}

static void words_that_are_no_field_of_the_verb(void **state)
{
	(void)state;
	assert_int_equal(check("count", "count=1", "pass=1"), 1);
	assert_int_equal(check("count", "count=1", "counts=1"), 1);
	assert_int_equal(check("count", "count=1", "--force"), 1);
	assert_int_equal(check("count", "count=1", "=1"), 1);
	assert_int_equal(check("count", "count=1", ""), 1);
	assert_int_equal(check("nosuch", "nosuch=1", NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_value),
		cmocka_unit_test(each_key_of_each_verb),
		cmocka_unit_test(how_often_a_field_may_be_there),
		cmocka_unit_test(words_that_are_no_field_of_the_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
