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
#include <sys/stat.h>
#include <unistd.h>

#include "cli/completion.h"

static const struct opt globals[] = {
	{.name = "config", .letter = 'c', .kind = OPT_STRING, .arg = "FILE", .help = "settings"},
	{.name = "bundle-root", .letter = 'b', .kind = OPT_STRING, .arg = "DIR", .help = ""},
	{.name = "json", .kind = OPT_FLAG, .help = "one object a line"},
	{.name = NULL},
};

static const struct opt move_table[] = {
	{.name = "strategy",
	 .letter = 's',
	 .kind = OPT_STRING,
	 .arg = "WAY",
	 .help = "how",
	 .choices = "auto|cold|pre-copy"},
	{.name = "to", .kind = OPT_STRINGS, .arg = "HOST[,HOST]", .help = "where"},
	{.name = "hostname", .kind = OPT_STRING, .arg = "NAME", .help = "a new name"},
	{.name = "keep", .kind = OPT_FLAG, .help = "keep it"},
	{.name = "older", .kind = OPT_FLAG, .help = "", .hidden = true},
	/* The verb's own option comes before the global one. */
	{.name = "json", .kind = OPT_STRING, .arg = "a|b", .help = "own"},
	{.name = NULL},
};

static const struct verb verb_move = {
	.name = "move", .synopsis = "[OPTIONS] NAME DEST", .summary = "moves", .opts = move_table};
static const struct verb verb_list = {.name = "list", .synopsis = "[HOST...]", .summary = "lists"};
static const struct verb verb_say = {.name = "say", .synopsis = "bash|zsh", .summary = "says"};
static const struct verb verb_ask = {.name = "help", .synopsis = "[COMMAND]", .summary = "helps"};
static const struct verb verb_none = {.name = "none", .synopsis = "NAME | --all", .summary = ""};
static const struct verb verb_secret = {
	.name = "__secret", .synopsis = "", .summary = "", .hidden = true};
static const struct verb *const verbs_table[] = {&verb_move, &verb_list,   &verb_say, &verb_ask,
						 &verb_none, &verb_secret, NULL};

/* The words of a line are separated by blanks; a blank at the end begins a new word. */
static char *offered(const char *text)
{
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_FREE char *copy = str_dup(text);
	struct buf out = {0};
	char *rest = copy;

	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		argv_add(&words, word);
	completion_candidates(&words, verbs_table, globals, &out);
	return out.s ? buf_steal(&out) : str_dup("");
}

static const struct {
	const char *line, *wanted;
} rows[] = {
	{"", "move\tmoves\nlist\tlists\nsay\tsays\nhelp\thelps\nnone\n"},
	{"mo", "move\tmoves\n"},
	{"x", ""},
	{"__", ""},
	{"help l", "list\tlists\n"},
	{"help list ", ""},
	{"-", "--config\tsettings\n--bundle-root\n--json\tone object a line\n"
	      "--help\tshow what the command does\n"},
	{"move --", "--strategy\thow\n--to\twhere\n--hostname\ta new name\n--keep\tkeep it\n"
		    "--json\town\n--config\tsettings\n--bundle-root\n"
		    "--help\tshow what the command does\n"},
	{"move --k", "--keep\tkeep it\n"},
	{"move -- --k", ""},
	{"unheard --", ""},
	{"say z", "zsh\n"},
	{"say bash ", ""},
	{"--json say z", "zsh\n"},
	{"move --strategy ", "auto\ncold\npre-copy\n"},
	{"move -s c", "cold\n"},
	{"move --strategy =", "auto\ncold\npre-copy\n"},
	{"move --strategy = c", "cold\n"},
	{"move --strategy=c", "--strategy=cold\n"},
	{"move --unheard=c", ""},
	{"move --json ", "a\nb\n"},
	{"--json mo", "move\tmoves\n"},
	{"-c x mo", "move\tmoves\n"},
	{"--config = x mo", "move\tmoves\n"},
	{"--config=x mo", "move\tmoves\n"},
	{"--config ", ":file\n"},
	{"--bundle-root ro", ":dir\n"},
	{"--bundle-root=ro", ":dir\n"},
	{"move --hostname ", ""},
};

static void words_of_the_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_FREE char *found = offered(rows[i].line);
		if (strcmp(found, rows[i].wanted) != 0)
			fail_msg("'%s': %s", rows[i].line, found);
	}
}

static void make(const char *dir, const char *name)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static void unmake(const char *dir, const char *name)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, name);

	assert_int_equal(remove(path), 0);
}

/* Names that other users create in a shared directory must be neither commands nor paths. */
static void names_of_containers_are_names(void **state)
{
	static const char *const names[] = {"web", "w$(id)", "w;id", "w b", "w`id`", ".w", "w\tb"};
	const size_t n = sizeof(names) / sizeof(*names);
	char dir[] = "/tmp/cmigrate-test-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < n; i++)
		make(dir, names[i]);
	CLEANUP_FREE char *line = str_fmt("-b %s move ", dir);
	CLEANUP_FREE char *found = offered(line);
	CLEANUP_FREE char *alone = str_fmt("none --bundle-root=%s w", dir);
	CLEANUP_FREE char *again = offered(alone);
	for (size_t i = 0; i < n; i++)
		unmake(dir, names[i]);
	assert_int_equal(rmdir(dir), 0);
	assert_string_equal(found, "web\n");
	assert_string_equal(again, "web\n");
}

static void hosts_are_those_of_the_configuration(void **state)
{
	char path[] = "/tmp/cmigrate-test-XXXXXX";
	static const char text[] = "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}, \"other\": {}}}";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	CLEANUP_FREE char *one = str_fmt("-c %s move web rhel", path);
	CLEANUP_FREE char *many = str_fmt("list a b c --config = %s o", path);
	CLEANUP_FREE char *value = str_fmt("move -c %s --to rhel02", path);
	CLEANUP_FREE char *first = offered(one);
	CLEANUP_FREE char *second = offered(many);
	CLEANUP_FREE char *third = offered(value);
	(void)unlink(path);
	CLEANUP_FREE char *gone = offered(one);
	assert_string_equal(first, "rhel01\nrhel02\n");
	assert_string_equal(second, "other\n");
	assert_string_equal(third, "rhel02\n");
	assert_string_equal(gone, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_the_tables),
		cmocka_unit_test(names_of_containers_are_names),
		cmocka_unit_test(hosts_are_those_of_the_configuration),
	};

	return cmocka_run_group_tests_name("completion", tests, NULL, NULL);
}
