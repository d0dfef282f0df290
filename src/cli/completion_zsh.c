/* SPDX-License-Identifier: MIT */
#include "completion.h"

#include <string.h>

static const char head[] =
	"#compdef cmigrate\n"
	"# zsh completion of cmigrate, made by 'cmigrate completion zsh'\n\n"
	"_cmigrate_ask() {\n"
	"\tlocal -a found where\n"
	"\t[[ -n ${opt_args[--bundle-root]} ]] && where+=(--bundle-root "
	"${(Q)opt_args[--bundle-root]})\n"
	"\t[[ -n ${opt_args[-b]} ]] && where+=(--bundle-root ${(Q)opt_args[-b]})\n"
	"\tfound=(${(f)\"$(cmigrate $where completion $1 2>/dev/null)\"})\n"
	"\tcompadd -a found\n"
	"}\n"
	"_cmigrate_containers() { _cmigrate_ask --names }\n"
	"_cmigrate_hosts() { _cmigrate_ask --hosts }\n\n";

/* Inside of single quotes, where ':' and brackets have a meaning to _arguments. */
static void add_text(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else if (strchr(":[]\\", *text))
			buf_printf(out, "\\%c", *text);
		else
			buf_printf(out, "%c", *text);
	}
}

static void add_action(enum completion_kind kind, const char *choices, struct buf *out)
{
	CLEANUP_FREE char *words = completion_words(choices ? choices : "");

	switch (kind) {
	case COMPLETE_CHOICE:
		buf_printf(out, "(%s)", words);
		break;
	case COMPLETE_FILE:
		buf_puts(out, "_files");
		break;
	case COMPLETE_DIR:
		buf_puts(out, "_files -/");
		break;
	case COMPLETE_HOST:
		buf_puts(out, "_cmigrate_hosts");
		break;
	case COMPLETE_CONTAINER:
		buf_puts(out, "_cmigrate_containers");
		break;
	case COMPLETE_VERB:
		buf_puts(out, "_cmigrate_commands");
		break;
	case COMPLETE_NOTHING:
		break;
	}
}

static void add_spec(const struct opt *o, const char *dashes, const char *name, struct buf *out)
{
	const char *choices = NULL;
	enum completion_kind kind = completion_option_kind(o, &choices);

	buf_printf(out, "\t\t'%s%s%s[", o->kind == OPT_STRINGS ? "*" : "", dashes, name);
	add_text(o->help, out);
	buf_puts(out, "]");
	if (o->kind != OPT_FLAG) {
		buf_puts(out, ":");
		add_text(o->arg ? o->arg : "value", out);
		buf_puts(out, ":");
		add_action(kind, choices, out);
	}
	buf_puts(out, "'\n");
}

static void add_options(const struct opt *table, struct buf *out)
{
	for (; table && table->name; table++) {
		char letter[2] = {table->letter, '\0'};
		if (table->hidden)
			continue;
		add_spec(table, "--", table->name, out);
		if (table->letter)
			add_spec(table, "-", letter, out);
	}
}

static void add_verb(const struct verb *verb, struct buf *out)
{
	CLEANUP_ARGV struct argv args = {0};

	completion_arguments(verb, &args);
	buf_printf(out, "\t%s)\n\t\tspecs+=(\n", verb->name);
	add_options(verb->opts, out);
	for (size_t i = 0; i < args.n; i++) {
		if (strstr(args.v[i], "..."))
			buf_puts(out, "\t\t'*:");
		else
			buf_printf(out, "\t\t'%zu:", i + 1);
		add_text(args.v[i], out);
		buf_puts(out, ":");
		add_action(completion_kind(args.v[i]), args.v[i], out);
		buf_puts(out, "'\n");
	}
	buf_puts(out, "\t\t)\n\t\t;;\n");
}

static void add_commands(const struct verb *const *table, struct buf *out)
{
	buf_puts(out, "_cmigrate_commands() {\n\tlocal -a commands=(\n");
	for (; *table; table++) {
		buf_printf(out, "\t\t'%s:", (*table)->name);
		add_text((*table)->summary, out);
		buf_puts(out, "'\n");
	}
	buf_puts(out, "\t)\n\t_describe command commands\n}\n\n");
}

void completion_zsh(const struct verb *const *table, const struct opt *globals, struct buf *out)
{
	buf_puts(out, head);
	add_commands(table, out);
	buf_puts(out, "_cmigrate() {\n"
		      "\tlocal curcontext=$curcontext context state line\n"
		      "\tlocal -a specs\n"
		      "\ttypeset -A opt_args\n"
		      "\tspecs=(\n\t\t'--help[say what the command does]'\n");
	add_options(globals, out);
	buf_puts(out, "\t)\n"
		      "\t_arguments -C $specs '1:command:_cmigrate_commands' '*::argument:->rest'\n"
		      "\t[[ $state == rest ]] || return\n"
		      "\tcase $line[1] in\n");
	for (size_t i = 0; table[i]; i++)
		add_verb(table[i], out);
	buf_puts(out, "\t*) return 1 ;;\n\tesac\n\t_arguments $specs\n}\n\n"
		      "if [[ $funcstack[1] == _cmigrate ]]; then\n"
		      "\t_cmigrate \"$@\"\nelse\n\tcompdef _cmigrate cmigrate\nfi\n");
}
