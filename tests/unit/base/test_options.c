/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/base/options.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct things {
	bool force;
	char *name;
	struct argv words;
	unsigned number;
	unsigned long long size;
	char *strategy;
};

static const struct opt table[] = {
	OPT(struct things, force, "force", 'f', OPT_FLAG, NULL, "replace what is there"),
	OPT(struct things, name, "name", 'n', OPT_STRING, "NAME", "a name"),
	OPT(struct things, words, "word", 0, OPT_STRINGS, "WORD", "a word, repeated"),
	OPT(struct things, number, "number", 0, OPT_UINT, "N", "a number"),
	OPT(struct things, size, "size", 0, OPT_SIZE, "SIZE", "a size"),
	{.name = "strategy",
	 .kind = OPT_STRING,
	 .offset = offsetof(struct things, strategy),
	 .arg = "STRATEGY",
	 .help = "how a container is moved from its source to its destination, which may take long",
	 .choices = "auto|cold|pre-copy"},
	{.name = "forced", .kind = OPT_FLAG, .help = "", .hidden = true},
	{.name = NULL},
};

/* Parses a command line whose words are separated by '|'. */
static int parse(const char *line, bool first_stops, struct things *t, struct argv *args,
		 bool *help, struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_FREE char *copy = str_dup(line);

	argv_add(&words, "command");
	for (char *rest = *copy ? copy : NULL, *word; (word = strsep(&rest, "|")) != NULL;)
		argv_add(&words, word);
	return options_parse(table, t, (int)words.n, words.v, first_stops, args, help, err);
}

static void good_lines(void **state)
{
	CLEANUP_ARGV struct argv args = {0};
	struct things t = {0};
	struct err err = ERR_INIT;
	bool help = false;

	(void)state;
	assert_int_equal(
		parse("a|--word|-x|--name=one|-f|b c|--word=|--number|7|-n|two|--size|3K|--|-y",
		      false, &t, &args, &help, &err),
		0);
	assert_true(t.force);
	assert_false(help);
	assert_string_equal(t.name, "two");
	assert_int_equal(t.words.n, 2);
	assert_string_equal(t.words.v[0], "-x");
	assert_string_equal(t.words.v[1], "");
	assert_int_equal(t.number, 7);
	assert_int_equal(t.size, 3072);
	assert_int_equal(args.n, 3);
	assert_string_equal(args.v[0], "a");
	assert_string_equal(args.v[1], "b c");
	assert_string_equal(args.v[2], "-y");
	options_clear(table, &t);
	assert_null(t.name);
	assert_null(t.words.v);
}

static void the_first_argument_may_stop(void **state)
{
	CLEANUP_ARGV struct argv args = {0};
	struct things t = {0};
	struct err err = ERR_INIT;
	bool help = false;

	(void)state;
	assert_int_equal(parse("-f|move|--unknown|-h", true, &t, &args, &help, &err), 0);
	assert_true(t.force);
	assert_false(help);
	assert_int_equal(args.n, 3);
	assert_string_equal(args.v[1], "--unknown");
}

static void help_wins(void **state)
{
	static const char *const lines[] = {"-h", "--help", "a|--help|--unknown"};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		CLEANUP_ARGV struct argv args = {0};
		struct things t = {0};
		struct err err = ERR_INIT;
		bool help = false;
		assert_int_equal(parse(lines[i], false, &t, &args, &help, &err), 0);
		assert_true(help);
		assert_int_equal(args.n, 0);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
		{"--nmae|x", "unknown option '--nmae'; did you mean '--name'?"},
		{"--nmae=x", "unknown option '--nmae'; did you mean '--name'?"},
		{"--zzzzzzzzzz", "unknown option '--zzzzzzzzzz'; try '--help'"},
		{"-z", "unknown option '-z'"},
		{"-fz", "unknown option '-z'"},
		{"--force=x", "option '--force' takes no value"},
		{"--name", "option '--name' needs a value"},
		{"-n", "option '-n' needs a value"},
		{"--number|x", "--number: 'x' is not a number"},
		{"--number|-1", "is not a number"},
		{"--number|", "is not a number"},
		{"--number|1x", "is not a number"},
		{"--number|4294967296", "is not a number"},
		{"--number|99999999999999999999999", "is not a number"},
		{"--size|", "--size: '' is not a size such as 512M"},
		{"--size|M", "is not a size"},
		{"--size|-1M", "is not a size"},
		{"--size|1MB", "is not a size"},
		{"--size|1k", "is not a size"},
		{"--size|16777216T", "is not a size"},
		{"--size|99999999999999999999999", "is not a size"},
		{"--strategy|hot", "--strategy: 'hot' is not one of auto|cold|pre-copy"},
		{"--strategy|", "is not one of"},
		{"--strategy|pre", "is not one of"},
		{"--strategy|copy", "is not one of"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_ARGV struct argv args = {0};
		struct things t = {0};
		struct err err = ERR_INIT;
		bool help = false;
		if (parse(rows[i].line, false, &t, &args, &help, &err) == 0)
			fail_msg("'%s' was taken", rows[i].line);
		assert_int_equal(err.code, EXIT_USAGE);
		if (!strstr(err.msg, rows[i].message))
			fail_msg("'%s': %s", rows[i].line, err.msg);
		options_clear(table, &t);
	}
}

/* "auto|cold" is not a choice, though the table's text contains it. */
static void two_choices_are_not_one(void **state)
{
	char *words[] = {(char[]){"command"}, (char[]){"--strategy=auto|cold"}, NULL};
	CLEANUP_ARGV struct argv args = {0};
	struct things t = {0};
	struct err err = ERR_INIT;
	bool help = false;

	(void)state;
	assert_int_equal(options_parse(table, &t, 2, words, false, &args, &help, &err), -1);
	options_clear(table, &t);
}

static void sizes(void **state)
{
	static const struct {
		const char *line;
		unsigned long long bytes;
	} rows[] = {
		{"--size=512M", 512ULL << 20},
		{"--size=2G", 2ULL << 30},
		{"--size=16777215T", 16777215ULL << 40},
		{"--size=18446744073709551615", UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_ARGV struct argv args = {0};
		struct things t = {0};
		struct err err = ERR_INIT;
		bool help = false;
		assert_int_equal(parse(rows[i].line, false, &t, &args, &help, &err), 0);
		assert_true(t.size == rows[i].bytes);
		assert_null(t.strategy);
	}
}

static void help_text(void **state)
{
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	options_help(table, &out);
	assert_non_null(strstr(out.s, "  -f, --force               replace what is there\n"));
	assert_non_null(strstr(out.s, "  -n, --name NAME           a name\n"));
	assert_non_null(strstr(out.s, "      --word WORD           a word, repeated\n"));
	assert_non_null(strstr(out.s, "(auto|cold|pre-copy)\n"));
	assert_null(strstr(out.s, "forced"));
	for (char *rest = out.s, *line; (line = strsep(&rest, "\n")) != NULL;)
		assert_true(strlen(line) <= 79);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),
		cmocka_unit_test(the_first_argument_may_stop),
		cmocka_unit_test(help_wins),
		cmocka_unit_test(refusals),
		cmocka_unit_test(two_choices_are_not_one),
		cmocka_unit_test(sizes),
		cmocka_unit_test(help_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
