/* SPDX-License-Identifier: MIT */
#include "completion.h"

#include <string.h>

static const char head[] = "# fish completion of cmigrate, made by 'cmigrate completion fish'\n"
			   "complete -c cmigrate -f\n"
			   "complete -c cmigrate -l help -d 'say what the command does'\n";

static void add_text(const char *text, struct buf *out)
{
	buf_puts(out, "'");
	for (; *text; text++)
		buf_printf(out, "%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
	buf_puts(out, "'");
}

static void add_verb_names(const struct verb *const *table, struct buf *out)
{
	for (; table && *table; table++)
		buf_printf(out, "%s%s", (*table)->name, table[1] ? " " : "");
}

static void add_action(enum completion_kind kind, const char *choices,
		       const struct verb *const *table, struct buf *out)
{
	CLEANUP_FREE char *words = completion_words(choices ? choices : "");

	switch (kind) {
	case COMPLETE_CHOICE:
		buf_printf(out, " -a '%s'", words);
		break;
	case COMPLETE_FILE:
		buf_puts(out, " -F");
		break;
	case COMPLETE_DIR:
		buf_puts(out, " -a '(__fish_complete_directories)'");
		break;
	case COMPLETE_HOST:
		buf_puts(out, " -a '(cmigrate completion --hosts 2>/dev/null)'");
		break;
	case COMPLETE_CONTAINER:
		buf_puts(out, " -a '(cmigrate completion --names 2>/dev/null)'");
		break;
	case COMPLETE_VERB:
		buf_puts(out, " -a '");
		add_verb_names(table, out);
		buf_puts(out, "'");
		break;
	case COMPLETE_NOTHING:
		break;
	}
}

/* verb: NULL for the options of all. */
static void add_options(const char *verb, const struct opt *table, struct buf *out)
{
	for (; table && table->name; table++) {
		const char *choices = NULL;
		enum completion_kind kind = completion_option_kind(table, &choices);

		if (table->hidden)
			continue;
		buf_puts(out, "complete -c cmigrate");
		if (verb)
			buf_printf(out, " -n '__fish_seen_subcommand_from %s'", verb);
		buf_printf(out, " -l %s", table->name);
		if (table->letter)
			buf_printf(out, " -s %c", table->letter);
		if (table->kind != OPT_FLAG)
			buf_puts(out, " -r");
		add_action(kind, choices, NULL, out);
		buf_puts(out, " -d ");
		add_text(table->help, out);
		buf_puts(out, "\n");
	}
}

/* fish has no notion of the n-th argument: every kind that the command takes is offered. */
static void add_arguments(const struct verb *verb, const struct verb *const *table, struct buf *out)
{
	CLEANUP_ARGV struct argv args = {0};

	completion_arguments(verb, &args);
	for (size_t i = 0; i < args.n; i++) {
		enum completion_kind kind = completion_kind(args.v[i]);
		if (kind == COMPLETE_NOTHING)
			continue;
		buf_printf(out, "complete -c cmigrate -n '__fish_seen_subcommand_from %s'",
			   verb->name);
		add_action(kind, args.v[i], table, out);
		buf_puts(out, "\n");
	}
}

void completion_fish(const struct verb *const *table, const struct opt *globals, struct buf *out)
{
	buf_puts(out, head);
	add_options(NULL, globals, out);
	for (size_t i = 0; table[i]; i++) {
		buf_printf(out, "complete -c cmigrate -n __fish_use_subcommand -a %s -d ",
			   table[i]->name);
		add_text(table[i]->summary, out);
		buf_puts(out, "\n");
		add_options(table[i]->name, table[i]->opts, out);
		add_arguments(table[i], table, out);
	}
}
