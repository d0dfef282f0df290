/* SPDX-License-Identifier: MIT */
#include "completion.h"

#include <ctype.h>
#include <string.h>

static const struct {
	const char *placeholder;
	enum completion_kind kind;
} kinds[] = {
	{"FILE", COMPLETE_FILE},      {"PATH", COMPLETE_FILE},	  {"DIR", COMPLETE_DIR},
	{"HOST", COMPLETE_HOST},      {"DEST", COMPLETE_HOST},	  {"SOURCE", COMPLETE_HOST},
	{"NAME", COMPLETE_CONTAINER}, {"COMMAND", COMPLETE_VERB},
};

/* Choices are written in lower case, names of values in capitals. */
static bool is_choice(const char *placeholder)
{
	if (!strchr(placeholder, '|'))
		return false;
	for (const char *c = placeholder; *c; c++)
		if (isupper((unsigned char)*c))
			return false;
	return true;
}

enum completion_kind completion_kind(const char *placeholder)
{
	/* "HOST...", "HOST[,HOST]" */
	size_t len = strcspn(placeholder, ".[");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i].placeholder) == len &&
		    strncmp(kinds[i].placeholder, placeholder, len) == 0)
			return kinds[i].kind;
	return is_choice(placeholder) ? COMPLETE_CHOICE : COMPLETE_NOTHING;
}

enum completion_kind completion_option_kind(const struct opt *opt, const char **ret_choices)
{
	*ret_choices = opt->choices ? opt->choices : opt->arg;
	if (opt->kind == OPT_FLAG)
		return COMPLETE_NOTHING;
	if (opt->choices)
		return COMPLETE_CHOICE;
	/* --hostname NAME and the like name something new. */
	enum completion_kind kind = opt->arg ? completion_kind(opt->arg) : COMPLETE_NOTHING;
	return kind == COMPLETE_CONTAINER ? COMPLETE_NOTHING : kind;
}

void completion_arguments(const struct verb *verb, struct argv *ret)
{
	CLEANUP_FREE char *synopsis = str_dup(verb->synopsis);
	char *rest = synopsis;

	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		word += strspn(word, "[");
		word[strcspn(word, "]")] = '\0';
		/* Options have tables of their own. */
		if (*word && *word != '-' && *word != '|' && strcmp(word, "OPTIONS") != 0)
			argv_add(ret, word);
	}
}

char *completion_words(const char *choices)
{
	char *words = str_dup(choices);

	for (char *c = words; c && *c; c++)
		if (*c == '|')
			*c = ' ';
	return words;
}
