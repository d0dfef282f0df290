/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/suggest.h"

/* getopt_long() returns ROW_BASE plus the row for a long option, out of the range of letters. */
#define ROW_BASE 0x1000

static size_t table_size(const struct opt *table)
{
	size_t n = 0;

	while (table && table[n].name)
		n++;
	return n;
}

static void *field(void *base, const struct opt *opt)
{
	return (char *)base + opt->offset;
}

static int set_uint(unsigned *dest, const struct opt *opt, const char *value, struct err *err)
{
	char *end;

	errno = 0;
	unsigned long n = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || n > UINT32_MAX)
		return err_set(err, EXIT_USAGE, "--%s: '%s' is not a number", opt->name, value);
	*dest = (unsigned)n;
	return 0;
}

static int set_size(unsigned long long *dest, const struct opt *opt, const char *value,
		    struct err *err)
{
	static const char units[] = "KMGT";
	char *end;

	errno = 0;
	unsigned long long n = strtoull(value, &end, 10);
	bool good = *value >= '0' && *value <= '9' && !errno;
	if (good && *end) {
		const char *unit = strchr(units, *end);
		good = unit && !end[1];
		for (const char *u = units; good && u <= unit; u++) {
			good = n <= UINT64_MAX / 1024;
			n *= 1024;
		}
	}
	if (!good || !n)
		return err_set(err, EXIT_USAGE, "--%s: '%s' is not a size such as 512M", opt->name,
			       value);
	*dest = n;
	return 0;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *c = strchr(value, '|') ? NULL : choices; len && c;) {
		if (strncmp(c, value, len) == 0 && (c[len] == '|' || c[len] == '\0'))
			return true;
		c = strchr(c, '|');
		c = c ? c + 1 : NULL;
	}
	return false;
}

static int set_option(const struct opt *opt, void *base, const char *value, struct err *err)
{
	if (opt->choices && !is_choice(opt->choices, value))
		return err_set(err, EXIT_USAGE, "--%s: '%s' is not one of %s", opt->name, value,
			       opt->choices);
	switch (opt->kind) {
	case OPT_FLAG:
		*(bool *)field(base, opt) = true;
		return 0;
	case OPT_STRING:
		str_set(field(base, opt), value);
		return 0;
	case OPT_STRINGS:
		argv_add(field(base, opt), value);
		return 0;
	case OPT_COUNT:
		if (strspn(value, "0") == strlen(value))
			return err_set(err, EXIT_USAGE, "--%s: '%s': at least 1", opt->name, value);
		return set_uint(field(base, opt), opt, value, err);
	case OPT_UINT:
		return set_uint(field(base, opt), opt, value, err);
	case OPT_SIZE:
		return set_size(field(base, opt), opt, value, err);
	}
	return 0;
}

static int unknown_option(const struct opt *table, char *const *argv, int argc, struct err *err)
{
	const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "?";

	if (!str_starts(word, "--") && optopt > 0 && optopt < ROW_BASE)
		return err_set(err, EXIT_USAGE, "unknown option '-%c'", optopt);
	CLEANUP_FREE char *name = str_dup(word + strspn(word, "-"));
	CLEANUP_ARGV struct argv known = {0};
	name[strcspn(name, "=")] = '\0';
	for (size_t i = 0; i < table_size(table); i++)
		if (!table[i].hidden)
			argv_add(&known, table[i].name);
	if (argv_has(&known, name))
		return err_set(err, EXIT_USAGE, "option '--%s' takes no value", name);
	(void)err_set(err, EXIT_USAGE, "unknown option '--%s'", name);
	if (!known.n || !suggest_append(err, "--", name, (const char *const *)known.v))
		(void)err_append(err, "try '--help'");
	return -1;
}

/* Converts the rows for getopt_long() and fills the string of letters. */
static struct option *long_options(const struct opt *table, bool first_stops, struct buf *letters)
{
	size_t n = table_size(table);
	struct option *rows = mem_new(n + 2, sizeof(*rows));

	buf_puts(letters, first_stops ? "+:h" : ":h");
	for (size_t i = 0; i < n; i++) {
		int has_arg = table[i].kind == OPT_FLAG ? no_argument : required_argument;
		rows[i] = (struct option){table[i].name, has_arg, NULL, ROW_BASE + (int)i};
		if (table[i].letter)
			buf_printf(letters, "%c%s", table[i].letter, has_arg ? ":" : "");
	}
	rows[n] = (struct option){"help", no_argument, NULL, 'h'};
	return rows;
}

static const struct opt *row_of(const struct opt *table, int c)
{
	if (c >= ROW_BASE)
		return &table[c - ROW_BASE];
	for (size_t i = 0; i < table_size(table); i++)
		if (table[i].letter == c)
			return &table[i];
	return NULL;
}

int options_parse(const struct opt *table, void *base, int argc, char *const *argv,
		  bool first_stops, struct argv *args, bool *ret_help, struct err *err)
{
	CLEANUP_BUF struct buf letters = {0};
	struct option *rows = long_options(table, first_stops, &letters);
	/* getopt_long() sorts the words, so it gets a list of its own. */
	char **words = mem_new((size_t)argc + 1, sizeof(*words));
	int status = 0, c;

	memcpy(words, argv, (size_t)argc * sizeof(*words));
	optind = 0; /* glibc, getopt(3): 0 starts afresh, needed because first_stops may differ */
	opterr = 0;
	while (status == 0 && (c = getopt_long(argc, words, letters.s, rows, NULL)) != -1) {
		if (c == 'h') {
			*ret_help = true;
			break;
		}
		if (c == ':')
			status = err_set(err, EXIT_USAGE, "option '%s' needs a value",
					 words[optind - 1]);
		else if (c == '?')
			status = unknown_option(table, words, argc, err);
		else
			status = set_option(row_of(table, c), base, optarg, err);
	}
	if (status == 0 && !*ret_help)
		for (int i = optind; i < argc; i++)
			argv_add(args, words[i]);
	free(words);
	free(rows);
	return status;
}

unsigned long long options_size(const char *text)
{
	static const struct opt any = {.name = "size"};
	struct err unused = ERR_INIT;
	unsigned long long n = 0;

	return set_size(&n, &any, text, &unused) < 0 ? 0 : n;
}

void options_clear(const struct opt *table, void *base)
{
	for (size_t i = 0; i < table_size(table); i++) {
		if (table[i].kind == OPT_STRING)
			str_set(field(base, &table[i]), NULL);
		else if (table[i].kind == OPT_STRINGS)
			argv_clear(field(base, &table[i]));
	}
}

#define HELP_WIDTH 79
#define HELP_INDENT 28

/* Adds text from column `column` on, broken at blanks; further lines start at HELP_INDENT. */
static void wrap(struct buf *out, const char *text, size_t column)
{
	while (*text) {
		size_t room = HELP_WIDTH - column, len = strlen(text);
		if (len > room) {
			len = room;
			while (len && text[len] != ' ')
				len--;
			if (!len)
				len = room;
		}
		buf_add(out, text, len);
		buf_puts(out, "\n");
		text += len;
		text += strspn(text, " ");
		if (*text)
			buf_printf(out, "%*s", HELP_INDENT, "");
		column = HELP_INDENT;
	}
}

void options_help(const struct opt *table, struct buf *out)
{
	for (size_t i = 0; i < table_size(table); i++) {
		CLEANUP_BUF struct buf left = {0}, right = {0};
		const struct opt *o = &table[i];

		if (o->hidden)
			continue;
		if (o->letter)
			buf_printf(&left, "  -%c, --%s", o->letter, o->name);
		else
			buf_printf(&left, "      --%s", o->name);
		if (o->arg)
			buf_printf(&left, " %s", o->arg);
		buf_puts(&right, o->help);
		if (o->choices)
			buf_printf(&right, " (%s)", o->choices);
		if (left.len + 2 > HELP_INDENT)
			buf_printf(out, "%s\n%*s", left.s, HELP_INDENT, "");
		else
			buf_printf(out, "%-*s", HELP_INDENT, left.s);
		wrap(out, right.s, HELP_INDENT);
	}
}
