/* SPDX-License-Identifier: MIT */
/* Checkpoints as a host lists them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/base/str.h"
#include "cmigrate/container/generations.h"

#define A "20260102T030405-000000aa"
#define B "20260102T030405-000000bb"
#define C "20260103T030405-000000cc"

/* A line; quotes are written as '. */
static void add(struct buf *text, const char *container, const char *id, const char *members)
{
	CLEANUP_FREE char *line = str_fmt("generation=%s %s {'name':'%s','id':'%s',%s}\n",
					  container, id, container, id, members);

	for (char *p = line; *p; p++)
		if (*p == '\'')
			*p = '"';
	buf_puts(text, line);
}

#define TAKEN(time)                                                                                \
	"'taken':'" time "','host':'rhel01','sum':'0a1b2c3d','bytes':7,'files':2,'criu':40201,"    \
	"'runc':10306,'kernel':'6.1'"

static void newest_first(void **state)
{
	CLEANUP_GENERATIONS struct generations list = {0};
	CLEANUP_BUF struct buf text = {0};
	struct err err = ERR_INIT;

	(void)state;
	add(&text, "web", A, TAKEN("2026-01-02T03:04:05.200Z"));
	add(&text, "web", B, TAKEN("2026-01-02T03:04:05.100Z"));
	add(&text, "db", C, TAKEN("2026-01-03T03:04:05.100Z"));
	buf_puts(&text, "checkpoint=web 1767323045\n");
	assert_int_equal(generations_parse(buf_str(&text), &list, &err), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.rows[0].id, C);
	assert_string_equal(list.rows[1].id, A);
	assert_string_equal(list.rows[2].id, B);
	assert_int_equal(list.rows[2].criu, 40201);
	assert_int_equal(list.checkpoint, 1767323045);
	assert_ptr_equal(generations_find(&list, B), &list.rows[2]);
	assert_ptr_equal(generations_find(&list, NULL), &list.rows[0]);
	assert_null(generations_find(&list, "20260102T030405-00000000"));
}

/* The others are read all the same. */
static void what_is_left_out(void **state)
{
	static const char *const lines[] = {
		"generation=web " A "\n",
		"generation=web " A " {}\n",
		"generation=web " A " [1]\n",
		"generation=web " A " {\"name\":\"db\",\"id\":\"" A "\"}\n",
		"generation=web " A " {\"name\":\"web\",\"id\":\"" B "\"}\n",
		"generation=web " A " {\"name\":\"web\",\"id\":\"" A "\",\"taken\":1}\n",
		"generation=web " A " {\"name\":\"web\",\"id\":\"" A "\",\"taken\":\"x\"}\n",
		"generation=\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		CLEANUP_GENERATIONS struct generations list = {0};
		CLEANUP_BUF struct buf text = {0};
		struct err err = ERR_INIT;
		buf_puts(&text, lines[i]);
		add(&text, "web", B, TAKEN("2026-01-02T03:04:05.100Z"));
		assert_int_equal(generations_parse(buf_str(&text), &list, &err), -1);
		assert_true(*err.msg != '\0');
		assert_int_equal(list.n, 1);
		assert_string_equal(list.rows[0].id, B);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_first),
		cmocka_unit_test(what_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
