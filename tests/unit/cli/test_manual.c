/* SPDX-License-Identifier: MIT */
/* The manuals describe exactly what the program has; the configurations they show are valid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cli/run_cmigrate.h"
#include "cmigrate/check/preflight.h"
#include "cmigrate/cli/cmd.h"

static char *project_file(const char *name)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", test_top, name);
	char *text = read_file(path);

	if (!text)
		fail_msg("can't read '%s'", path);
	return text;
}

/*
 * The text between two others. Without `from` it starts at the beginning, without `to` it ends at
 * the end. NULL: not found.
 */
static char *between(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (!at)
		return NULL;
	at += strlen(from);
	const char *end = strstr(at, to);
	return end ? str_dupn(at, (size_t)(end - at)) : str_dup(at);
}

/* The words after `before` at the start of a line, each up to a blank or the end of the line. */
static void words_after(const char *text, const char *before, struct argv *ret)
{
	for (const char *line = text; *line;
	     line += strcspn(line, "\n") + (strchr(line, '\n') != NULL))
		if (str_starts(line, before)) {
			const char *word = line + strlen(before);
			CLEANUP_FREE char *copy = str_dupn(word, strcspn(word, " \n"));
			argv_add(ret, copy);
		}
}

/* Both lists have the same words. */
static void assert_same(const char *what, const struct argv *manual, const struct argv *program)
{
	for (size_t i = 0; i < manual->n; i++)
		if (!argv_has(program, manual->v[i]))
			fail_msg("%s: '%s' is in the manual alone", what, manual->v[i]);
	for (size_t i = 0; i < program->n; i++)
		if (!argv_has(manual, program->v[i]))
			fail_msg("%s: '%s' is not in the manual", what, program->v[i]);
}

/* The section of a command, or of the command whose options it shares. */
static char *section_of(const char *manual, const char *name)
{
	CLEANUP_FREE char *head = str_fmt("\n.Ss %s", name);
	char *section = between(manual, head, "\n.Ss ");

	if (!section)
		return NULL;
	char *chapter = strstr(section, "\n.Sh ");
	if (chapter)
		*chapter = '\0';
	CLEANUP_FREE char *other = between(section, "\n.\\\" OPTIONS OF ", "\n");
	if (!other)
		return section;
	free(section);
	return section_of(manual, other);
}

static void options_of_table(const struct opt *table, struct argv *ret)
{
	for (; table && table->name; table++)
		if (!table->hidden)
			argv_add(ret, table->name);
}

/* Entries such as ".It Fl c , Fl -config Ar FILE". */
static void options_of_section(const char *section, struct argv *ret)
{
	for (const char *line = section; (line = strstr(line, "\n.It Fl ")) != NULL; line++) {
		CLEANUP_FREE char *entry = str_dupn(line + 1, strcspn(line + 1, "\n"));
		char *name = strstr(entry, "Fl -");
		if (!name)
			continue;
		name += 4;
		name[strcspn(name, " ")] = '\0';
		if (strcmp(name, "help") != 0)
			argv_add(ret, name);
	}
}

static void commands(void **state)
{
	CLEANUP_FREE char *manual = project_file("man/cmigrate.1");
	CLEANUP_FREE char *section = between(manual, "\n.Sh COMMANDS\n", "\n.Sh ");
	CLEANUP_ARGV struct argv told = {0}, known = {0};

	(void)state;
	words_after(section, ".Ss ", &told);
	for (const struct verb *const *verb = verbs; *verb; verb++)
		if (!(*verb)->hidden)
			argv_add(&known, (*verb)->name);
	assert_same("commands", &told, &known);
}

static void options(void **state)
{
	CLEANUP_FREE char *manual = project_file("man/cmigrate.1");
	CLEANUP_FREE char *global = between(manual, "\n.Sh GLOBAL OPTIONS", "\n.Sh ");
	CLEANUP_ARGV struct argv told = {0}, known = {0};

	(void)state;
	options_of_section(global, &told);
	options_of_table(globals_table, &known);
	assert_same("global options", &told, &known);
	for (const struct verb *const *verb = verbs; *verb; verb++) {
		if ((*verb)->hidden)
			continue;
		CLEANUP_FREE char *section = section_of(manual, (*verb)->name);
		CLEANUP_ARGV struct argv in_manual = {0}, in_table = {0};
		assert_non_null(section);
		options_of_section(section, &in_manual);
		options_of_table((*verb)->opts, &in_table);
		assert_same((*verb)->name, &in_manual, &in_table);
	}
}

static void checks(void **state)
{
	CLEANUP_FREE char *manual = project_file("man/cmigrate.1");
	CLEANUP_FREE char *section = between(manual, "\n.Sh CHECKS\n", "\n.Sh ");
	CLEANUP_ARGV struct argv told = {0}, known = {0};
	size_t n = 0;

	(void)state;
	words_after(section, ".It ", &told);
	const struct check *rows = preflight_checks(&n);
	for (size_t i = 0; i < n; i++)
		argv_add(&known, rows[i].id);
	assert_same("checks", &told, &known);
}

/* The page of what a move does not keep names checks that there are. */
static void checks_of_the_losses(void **state)
{
	CLEANUP_FREE char *page = project_file("man/cmigrate-losses.7");
	CLEANUP_ARGV struct argv told = {0}, known = {0};
	size_t n = 0;

	(void)state;
	for (const char *line = page; (line = strstr(line, "\n.Cm ")) != NULL; line++) {
		CLEANUP_FREE char *words = str_dupn(line + 5, strcspn(line + 5, "\n"));
		argv_words(&told, words, " ,.");
	}
	const struct check *rows = preflight_checks(&n);
	for (size_t i = 0; i < n; i++)
		argv_add(&known, rows[i].id);
	assert_true(told.n > 5);
	for (size_t i = 0; i < told.n; i++)
		if (!argv_has(&known, told.v[i]))
			fail_msg("there is no check '%s'", told.v[i]);
}

/* The keys of all values that are no objects, as the manual writes them. */
static void keys_of(const json_t *object, const char *above, struct argv *ret)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		CLEANUP_FREE char *path = str_fmt("%s%s%s", above, *above ? "." : "",
						  strcmp(above, "hosts") == 0 ? "NAME" : key);
		if (json_is_object(value))
			keys_of(value, path, ret);
		else if (!argv_has(ret, path))
			argv_add(ret, path);
	}
}

/* The keys that have entries in the manual, except "hosts" itself. */
static void keys_of_manual(const char *manual, struct argv *ret)
{
	CLEANUP_ARGV struct argv all = {0};

	words_after(manual, ".It Cm ", &all);
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.v[i], "hosts") != 0)
			argv_add(ret, all.v[i]);
}

static void the_configurations_example_is_one_and_has_every_key(void **state)
{
	CLEANUP_FREE char *manual = project_file("man/cmigrate-config.5");
	CLEANUP_FREE char *rest = between(manual, "\n.Bd ", "\n.Ed");
	CLEANUP_ARGV struct argv told = {0}, known = {0};

	(void)state;
	write_file("example.json", strchr(rest, '\n'));
	free(prints("-c example.json generate"));
	json_t *object = parsed(strchr(rest, '\n'));
	keys_of_manual(manual, &told);
	keys_of(object, "", &known);
	assert_same("keys", &told, &known);
	json_decref(object);
}

/* The last part of a key has an entry in the manual. */
static bool is_part(const struct argv *keys, const char *word)
{
	for (size_t i = 0; i < keys->n; i++) {
		CLEANUP_FREE char *dotted = str_fmt(".%s.", keys->v[i]);
		CLEANUP_FREE char *part = str_fmt(".%s.", word);
		if (strstr(dotted, part))
			return true;
	}
	return false;
}

/* Finds a key that the program knows but that neither manual nor example has. */
static void every_key_that_is_read_is_in_the_manual(void **state)
{
	CLEANUP_FREE char *manual = project_file("man/cmigrate-config.5");
	CLEANUP_FREE char *source = project_file("src/host/config.c");
	CLEANUP_ARGV struct argv told = {0};
	size_t n = 0;

	(void)state;
	keys_of_manual(manual, &told);
	for (const char *at = source; (at = strstr(at, " known[] = {")) != NULL; at++) {
		CLEANUP_FREE char *list = str_dupn(at, strcspn(at, ";"));
		for (char *word = list; (word = strchr(word, '"')) != NULL;) {
			char *end = strchr(++word, '"');
			*end = '\0';
			if (!is_part(&told, word))
				fail_msg("'%s' is not in the manual", word);
			word = end + 1;
			n++;
		}
	}
	assert_true(n > 15);
}

static void the_configurations_of_the_examples_are_read(void **state)
{
	static const char *const names[] = {"small", "whole"};
	CLEANUP_FREE char *manual = project_file("man/cmigrate-config.5");
	CLEANUP_ARGV struct argv told = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		CLEANUP_FREE char *line =
			str_fmt("-c %s/examples/config/%s.json generate", test_top, names[i]);
		free(prints(line));
	}
	CLEANUP_FREE char *whole = project_file("examples/config/whole.json");
	json_t *object = parsed(whole);
	keys_of_manual(manual, &told);
	for (size_t i = 0; i < told.n; i++)
		if (!str_starts(told.v[i], "hosts") && !value_at(object, told.v[i]))
			fail_msg("'%s' is not in whole.json", told.v[i]);
	assert_int_equal(json_object_size(json_object_get(object, "hosts")), 3);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(commands),
		IN_DIRECTORY(options),
		IN_DIRECTORY(checks),
		IN_DIRECTORY(checks_of_the_losses),
		IN_DIRECTORY(the_configurations_example_is_one_and_has_every_key),
		IN_DIRECTORY(every_key_that_is_read_is_in_the_manual),
		IN_DIRECTORY(the_configurations_of_the_examples_are_read),
	};

	return cmocka_run_group_tests(tests, directories_begin, directories_end);
}
