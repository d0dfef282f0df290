/* SPDX-License-Identifier: MIT */
/* The outer shape of the program: help, version, wrong usage, results that nobody gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include "cli/run_cmigrate.h"
#include "cmigrate/cli/cmd.h"

#define FOR_EACH_VERB(verb)                                                                        \
	for (const struct verb *const *at_ = verbs, *verb; (verb = *at_) != NULL; at_++)           \
		if (!verb->hidden)

static void no_command_is_wrong_usage(void **state)
{
	CLEANUP_ANSWER struct answer o = run_line("");

	(void)state;
	assert_int_equal(o.code, 2);
	assert_string_equal(o.out, "");
	assert_true(str_starts(o.err, "usage: cmigrate "));
	assert_non_null(strstr(o.err, "generate"));
}

static void help_by_every_name_it_has(void **state)
{
	static const char *const lines[] = {"-h", "help", "--json --help"};
	CLEANUP_FREE char *help = prints("--help");

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		CLEANUP_FREE char *same = prints(lines[i]);
		assert_string_equal(same, help);
	}
	FOR_EACH_VERB(verb)
	{
		CLEANUP_FREE char *row = str_fmt("\n  %s ", verb->name);
		assert_non_null(strstr(help, row));
	}
}

static void help_of_a_command_by_every_name_it_has(void **state)
{
	(void)state;
	FOR_EACH_VERB(verb)
	{
		CLEANUP_FREE char *after = str_fmt("%s --help", verb->name);
		CLEANUP_FREE char *before = str_fmt("help %s", verb->name);
		CLEANUP_FREE char *late = str_fmt("%s some arguments --help", verb->name);
		CLEANUP_FREE char *a = prints(after), *b = prints(before), *c = prints(late);
		CLEANUP_FREE char *first = str_dupn(a, strcspn(a, "\n"));
		CLEANUP_FREE char *words = str_fmt(" %s", verb->name);
		assert_string_equal(a, b);
		assert_string_equal(a, c);
		assert_true(str_starts(first, "usage: cmigrate "));
		assert_non_null(strstr(first, words));
	}
}

static void assert_shape(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");
		if (len >= 80 || (len && isblank((unsigned char)line[len - 1])))
			fail_msg("'%.*s'", (int)len, line);
	}
}

static void help_fits_80_columns_and_has_no_blanks_at_line_ends(void **state)
{
	CLEANUP_FREE char *all = prints("--help");

	(void)state;
	assert_shape(all);
	FOR_EACH_VERB(verb)
	{
		CLEANUP_FREE char *line = str_fmt("%s --help", verb->name);
		CLEANUP_FREE char *text = prints(line);
		assert_shape(text);
	}
}

static void help_names_every_option_that_is_not_hidden(void **state)
{
	(void)state;
	FOR_EACH_VERB(verb)
	{
		CLEANUP_FREE char *line = str_fmt("%s --help", verb->name);
		CLEANUP_FREE char *text = prints(line);
		for (const struct opt *row = verb->opts; row && row->name; row++) {
			CLEANUP_FREE char *word = str_fmt("--%s", row->name);
			const char *at = strstr(text, word);
			while (at && (isalpha((unsigned char)at[strlen(word)]) ||
				      at[strlen(word)] == '-'))
				at = strstr(at + 1, word);
			if (row->hidden == (at != NULL))
				fail_msg("%s: %s", line, word);
		}
	}
}

static void help_needs_no_configuration(void **state)
{
	static const char *const lines[] = {"--help", "generate --help", "completion bash"};

	(void)state;
	assert_int_equal(setenv("CMIGRATE_CONFIG", "/nowhere", 1), 0);
	for (size_t i = 0; i < COUNT(lines); i++)
		free(prints(lines[i]));
	refused("generate", 2, "can't read '/nowhere'");
}

/* The machine's own configuration plays no part: it is covered, for this process alone. */
static void cover_system_configuration(void)
{
	if (access("/etc/cmigrate", F_OK) < 0)
		return;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/etc/cmigrate", "tmpfs", 0, NULL) < 0)
		fail_msg("can't cover /etc/cmigrate: %s", strerror(errno));
}

static void no_configuration_an_empty_name_is_none(void **state)
{
	(void)state;
	cover_system_configuration();
	for (int empty = 0; empty < 2; empty++) {
		assert_int_equal(
			empty ? setenv("CMIGRATE_CONFIG", "", 1) : unsetenv("CMIGRATE_CONFIG"), 0);
		refused("drain hosta", 2, "the configuration names no hosts; ");
		CLEANUP_ANSWER struct answer o = run_line("--json drain hosta");
		json_t *object = parsed(o.out);
		assert_int_equal(o.code, 2);
		assert_at(object, "event", "\"error\"");
		assert_at(object, "exit_code", "2");
		assert_non_null(
			strstr(json_string_value(value_at(object, "error")), "names no hosts"));
		json_decref(object);
	}
}

static void wrong_usage_is_an_object_too_with_json(void **state)
{
	static const char *const lines[] = {"--json bogus", "list --json --nonsense",
					    "generate --json --memory x", "--json --bogus list"};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		CLEANUP_ANSWER struct answer o = run_line(lines[i]);
		json_t *object = parsed(o.out);
		assert_int_equal(o.code, 2);
		assert_at(object, "event", "\"error\"");
		assert_at(object, "exit_code", "2");
		assert_true(json_string_length(value_at(object, "error")) > 0);
		assert_true(str_starts(o.err, "cmigrate: "));
		json_decref(object);
	}
}

static void the_version(void **state)
{
	CLEANUP_FREE char *a = prints("--version"), *b = prints("generate --version");

	(void)state;
	assert_string_equal(a, "cmigrate " CMIGRATE_VERSION "\n");
	assert_string_equal(a, b);
}

static void what_is_unknown_names_the_nearest(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{"genrate", "unknown command 'genrate'; did you mean 'generate'?"},
		{"compl", "unknown command 'compl'; did you mean 'completion'?"},
		{"xyzzy", "unknown command 'xyzzy'; try 'cmigrate --help'"},
		{"help genrate", "unknown command 'genrate'"},
		{"--jsn generate", "unknown option '--jsn'; did you mean '--json'?"},
		{"generate --quite", "unknown option '--quite'; did you mean '--quiet'?"},
		{"-x generate", "unknown option '-x'"},
		{"completion tcsh", "'tcsh' is not one of bash, zsh, fish"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refused(rows[i].line, 2, rows[i].text);
	REFUSED(2, "unknown command ''", "");
}

static void too_many_and_too_few_arguments(void **state)
{
	(void)state;
	refused("generate a b", 2, "usage: cmigrate generate [OPTIONS] [NAME]");
	refused("completion", 2, "usage: cmigrate completion bash|zsh|fish");
	FOR_EACH_VERB(verb)
	{
		CLEANUP_FREE char *text = str_fmt("usage: cmigrate %s", verb->name);
		CLEANUP_BUF struct buf line = {0};
		buf_puts(&line, verb->name);
		for (size_t i = 1; i < verb->min_args; i++)
			buf_puts(&line, " a");
		if (verb->min_args)
			refused(line.s, 2, text);
		buf_clear(&line);
		buf_puts(&line, verb->name);
		for (size_t i = 0; i <= verb->max_args && verb->max_args < 10; i++)
			buf_puts(&line, " a");
		if (verb->max_args < 10)
			refused(line.s, 2, "usage: cmigrate ");
	}
}

static void a_result_that_cant_be_written(void **state)
{
	static const char *const lines[] = {"--help",	       "--version", "completion bash",
					    "generate --help", "generate",  "history"};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		CLEANUP_FREE char *line = str_fmt("-b root %s", lines[i]);
		CLEANUP_ARGV struct argv words = {0};
		split(&words, line);
		CLEANUP_ANSWER struct answer o = run_to("/dev/full", &words);
		assert_refused(&o, line, 1,
			       "can't write 'standard output': No space left on device");
	}
}

static void a_reader_that_is_gone_is_no_crash(void **state)
{
	CLEANUP_ARGV struct argv words = {0};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	(void)close(fds[0]);
	CLEANUP_FREE char *path = str_fmt("/dev/fd/%d", fds[1]);
	argv_addl(&words, "generate", "--output", path, NULL);
	CLEANUP_ANSWER struct answer o = run_to(NULL, &words);
	assert_int_equal(o.code, 1);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(no_command_is_wrong_usage),
		IN_DIRECTORY(help_by_every_name_it_has),
		IN_DIRECTORY(help_of_a_command_by_every_name_it_has),
		IN_DIRECTORY(help_fits_80_columns_and_has_no_blanks_at_line_ends),
		IN_DIRECTORY(help_names_every_option_that_is_not_hidden),
		IN_DIRECTORY(help_needs_no_configuration),
		IN_DIRECTORY(no_configuration_an_empty_name_is_none),
		IN_DIRECTORY(wrong_usage_is_an_object_too_with_json),
		IN_DIRECTORY(the_version),
		IN_DIRECTORY(what_is_unknown_names_the_nearest),
		IN_DIRECTORY(too_many_and_too_few_arguments),
		IN_DIRECTORY(a_result_that_cant_be_written),
		IN_DIRECTORY(a_reader_that_is_gone_is_no_crash),
	};

	return cmocka_run_group_tests(tests, directories_begin, directories_end);
}
