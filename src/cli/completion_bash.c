/* SPDX-License-Identifier: MIT */
#include "completion.h"

#include <string.h>

/*
 * Written for bash alone, without the bash-completion package: it need not be on a host.
 * "--strategy=cold" arrives as three words, since '=' separates words there.
 */
static const char head[] =
	"# bash completion of cmigrate, made by 'cmigrate completion bash'\n"
	"_cmigrate() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal verb='' kind='' words='' i n=0\n"
	"\tlocal -a where=()\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur=''\n"
	"\telif [[ $prev == = ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t-*)\n"
	"\t\t\tif _cmigrate_value \"$verb\" \"${COMP_WORDS[i]}\" >/dev/null; then\n"
	"\t\t\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t\t\t-b | -c | --bundle-root | --config)\n"
	"\t\t\t\t\twhere+=(\"${COMP_WORDS[i]}\" \"${COMP_WORDS[i + 1]}\")\n"
	"\t\t\t\t\t;;\n"
	"\t\t\t\tesac\n"
	"\t\t\t\t[[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))\n"
	"\t\t\t\t((i++))\n"
	"\t\t\tfi\n"
	"\t\t\t;;\n"
	"\t\t*)\n"
	"\t\t\tif [[ -z $verb ]]; then\n"
	"\t\t\t\tverb=${COMP_WORDS[i]}\n"
	"\t\t\telse\n"
	"\t\t\t\t((n++))\n"
	"\t\t\tfi\n"
	"\t\t\t;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tif ! kind=$(_cmigrate_value \"$verb\" \"$prev\"); then\n"
	"\t\tif [[ $cur == -* ]]; then\n"
	"\t\t\tkind=\"words $(_cmigrate_options \"$verb\")\"\n"
	"\t\telse\n"
	"\t\t\tkind=$(_cmigrate_argument \"$verb\" \"$n\")\n"
	"\t\tfi\n"
	"\tfi\n"
	"\tcase $kind in\n"
	"\t'words '*) words=${kind#words } ;;\n"
	"\tfile) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	"\tdir) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"\thost) words=$(\"${COMP_WORDS[0]}\" \"${where[@]}\" completion --hosts 2>/dev/null) ;;\n"
	"\tcontainer) words=$(\"${COMP_WORDS[0]}\" \"${where[@]}\" completion --names 2>/dev/null) "
	";;\n"
	"\tesac\n"
	"\tif [[ -n $words ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	"\tfi\n"
	"}\n\n";

static void add_options(const struct opt *table, struct buf *out)
{
	for (; table && table->name; table++)
		if (!table->hidden)
			buf_printf(out, " --%s", table->name);
}

static void add_kind(enum completion_kind kind, const char *choices,
		     const struct verb *const *verbs_table, struct buf *out)
{
	CLEANUP_FREE char *words = completion_words(choices ? choices : "");

	switch (kind) {
	case COMPLETE_CHOICE:
		buf_printf(out, "echo 'words %s'", words);
		break;
	case COMPLETE_FILE:
		buf_puts(out, "echo file");
		break;
	case COMPLETE_DIR:
		buf_puts(out, "echo dir");
		break;
	case COMPLETE_HOST:
		buf_puts(out, "echo host");
		break;
	case COMPLETE_CONTAINER:
		buf_puts(out, "echo container");
		break;
	case COMPLETE_VERB:
		buf_puts(out, "echo 'words");
		for (; verbs_table && *verbs_table; verbs_table++)
			buf_printf(out, " %s", (*verbs_table)->name);
		buf_puts(out, "'");
		break;
	case COMPLETE_NOTHING:
		buf_puts(out, ":");
		break;
	}
	buf_puts(out, " ;;\n");
}

/* prefix: the verb, or "*" for the options of all. */
static void add_values(const char *prefix, const struct opt *table, struct buf *out)
{
	for (; table && table->name; table++) {
		const char *choices = NULL;
		enum completion_kind kind = completion_option_kind(table, &choices);

		if (table->kind == OPT_FLAG)
			continue;
		buf_printf(out, "\t%s:--%s", prefix, table->name);
		if (table->letter)
			buf_printf(out, " | %s:-%c", prefix, table->letter);
		buf_puts(out, ") ");
		add_kind(kind, choices, NULL, out);
	}
}

static void add_arguments(const struct verb *verb, const struct verb *const *table, struct buf *out)
{
	CLEANUP_ARGV struct argv args = {0};

	completion_arguments(verb, &args);
	for (size_t i = 0; i < args.n; i++) {
		/* The last one may stand for more. */
		bool more = strstr(args.v[i], "...") != NULL;
		if (more)
			buf_printf(out, "\t%s:*) ", verb->name);
		else
			buf_printf(out, "\t%s:%zu) ", verb->name, i);
		add_kind(completion_kind(args.v[i]), args.v[i], table, out);
	}
}

void completion_bash(const struct verb *const *table, const struct opt *globals, struct buf *out)
{
	buf_puts(out, head);
	buf_puts(out, "# Options of a command, or those of all.\n"
		      "_cmigrate_options() {\n\tcase $1 in\n");
	for (size_t i = 0; table[i]; i++) {
		buf_printf(out, "\t%s) printf '%%s ' '", table[i]->name);
		add_options(table[i]->opts, out);
		buf_puts(out, "' ;;\n");
	}
	buf_puts(out, "\tesac\n\techo '--help");
	add_options(globals, out);
	buf_puts(out, "'\n}\n\n# What follows an option; fails where nothing does.\n"
		      "_cmigrate_value() {\n\tcase $1:$2 in\n");
	for (size_t i = 0; table[i]; i++)
		add_values(table[i]->name, table[i]->opts, out);
	add_values("*", globals, out);
	buf_puts(out, "\t*) return 1 ;;\n\tesac\n}\n\n# The argument of that number, from 0.\n"
		      "_cmigrate_argument() {\n\tcase $1:$2 in\n\t:*) ");
	add_kind(COMPLETE_VERB, NULL, table, out);
	for (size_t i = 0; table[i]; i++)
		add_arguments(table[i], table, out);
	buf_puts(out, "\tesac\n}\n\ncomplete -o filenames -F _cmigrate cmigrate\n");
}
