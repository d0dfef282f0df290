/* SPDX-License-Identifier: MIT */
#include "completion.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>

#include "cmigrate/base/name.h"
#include "cmigrate/host/config.h"

/* The line as read so far, up to the cursor. */
struct line {
	const struct verb *const *table;
	const struct opt *globals;
	const struct verb *verb; /* NULL: the verb's name is not read yet */
	const struct opt *value; /* the next word is this option's value */
	size_t arguments;
	bool ended; /* "--" has ended the options */
	const char *config, *bundle_root;
	const char *prefix; /* printed in front of each candidate */
	const char *word;   /* the word to complete, without that prefix */
	size_t prefix_len;
	struct buf *out;
};

static void add(const struct line *line, const char *candidate, const char *description)
{
	if (!str_starts(candidate, line->word))
		return;
	buf_add(line->out, line->prefix, line->prefix_len);
	buf_puts(line->out, candidate);
	if (description && *description)
		buf_printf(line->out, "\t%s", description);
	buf_puts(line->out, "\n");
}

static void add_verbs(const struct line *line)
{
	for (const struct verb *const *verb = line->table; *verb; verb++)
		if (!(*verb)->hidden)
			add(line, (*verb)->name, (*verb)->summary);
}

static const struct opt *row_of(const struct opt *rows, const char *name, size_t len, char letter)
{
	for (; rows && rows->name; rows++)
		if ((letter && rows->letter == letter) ||
		    (strlen(rows->name) == len && strncmp(rows->name, name, len) == 0))
			return rows;
	return NULL;
}

/* Finds the row for "--name", "--name=value" or "-n": the verb's own first, then the global one. */
static const struct opt *option_of(const struct line *line, const char *word)
{
	char letter = word[1] != '-' && !word[2] ? word[1] : '\0';
	const char *name = word + (letter ? 1 : 2);
	size_t len = letter ? 0 : strcspn(name, "=");
	const struct opt *own = line->verb ? row_of(line->verb->opts, name, len, letter) : NULL;

	return own ? own : row_of(line->globals, name, len, letter);
}

static void add_options(const struct line *line)
{
	const struct opt *own = line->verb ? line->verb->opts : NULL;
	const struct opt help = {.name = "help", .help = "show what the command does"};
	const struct opt *tables[] = {own, line->globals, &help};

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		for (const struct opt *row = tables[i]; row && row->name; row++) {
			CLEANUP_FREE char *word = str_fmt("--%s", row->name);
			if (!row->hidden &&
			    (i == 0 || !row_of(own, row->name, strlen(row->name), 0)))
				add(line, word, row->help);
			if (row == &help)
				break;
		}
	}
}

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

static void add_choices(const struct line *line, const char *choices)
{
	CLEANUP_FREE char *copy = str_dup(choices);
	char *rest = copy;

	for (char *word; (word = strsep(&rest, "|")) != NULL;)
		add(line, word, NULL);
}

static void add_containers(const struct line *line, const char *bundle_root)
{
	struct err unused = ERR_INIT;
	DIR *dir = opendir(bundle_root);

	if (!dir)
		return;
	/*
	 * Other users may create names here, and shells expand candidates such as "$(...)": skip
	 * those.
	 */
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.' && name_check(entry->d_name, &unused) == 0 &&
		    (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			add(line, entry->d_name, NULL);
	(void)closedir(dir);
}

static void add_names(const struct line *line, bool hosts)
{
	struct err unused = ERR_INIT;
	struct config config;

	if (config_load(line->config, line->bundle_root, &config, &unused) == 0) {
		for (size_t i = 0; hosts && i < config.n_hosts; i++)
			add(line, config.hosts[i].name, NULL);
		if (!hosts)
			add_containers(line, config.bundle_root);
	}
	config_clear(&config);
}

/*
 * placeholder: "HOST...", "HOST[,HOST]", "bash|zsh". new_name: NAME is yet to be created, so there
 * is nothing to offer for it.
 */
static void add_values(const struct line *line, const char *placeholder, bool new_name)
{
	CLEANUP_FREE char *kind = str_fmt("|%.*s|", (int)strcspn(placeholder, ".["), placeholder);

	if (strstr("|FILE|PATH|", kind))
		buf_puts(line->out, COMPLETION_FILES "\n");
	else if (strstr("|DIR|", kind))
		buf_puts(line->out, COMPLETION_DIRECTORIES "\n");
	else if (strstr("|HOST|DEST|SOURCE|", kind))
		add_names(line, true);
	else if (strstr("|NAME|", kind) && !new_name)
		add_names(line, false);
	else if (strstr("|COMMAND|", kind))
		add_verbs(line);
	else if (is_choice(placeholder))
		add_choices(line, placeholder);
}

/* The last argument of the synopsis is used for all further ones. */
static void add_arguments(const struct line *line)
{
	CLEANUP_FREE char *synopsis = str_dup(line->verb->synopsis);
	char *rest = synopsis;
	size_t n = 0;

	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		word += strspn(word, "[");
		word[strcspn(word, "]")] = '\0';
		if (!*word || *word == '-' || *word == '|' || strcmp(word, "OPTIONS") == 0)
			continue;
		if (n == line->arguments || (n < line->arguments && strstr(word, "...")))
			add_values(line, word, false);
		n++;
	}
}

static void take_value(struct line *line, const struct opt *option, const char *value)
{
	if (option && strcmp(option->name, "config") == 0)
		line->config = value;
	else if (option && strcmp(option->name, "bundle-root") == 0)
		line->bundle_root = value;
}

static void take_option(struct line *line, const char *word)
{
	const struct opt *option = option_of(line, word);
	const char *value = strchr(word, '=');

	if (value)
		take_value(line, option, value + 1);
	else if (option && option->kind != OPT_FLAG)
		line->value = option;
}

/* Reads one word before the one to complete. False: no command has that name. */
static bool take_word(struct line *line, const char *word, const char *previous)
{
	if (line->value && (strcmp(word, "=") != 0 || strcmp(previous, "=") == 0)) {
		take_value(line, line->value, word);
		line->value = NULL;
	} else if (line->value || (!line->ended && strcmp(word, "--") == 0)) {
		line->ended |= !line->value;
	} else if (!line->ended && word[0] == '-' && word[1]) {
		take_option(line, word);
	} else if (line->verb) {
		line->arguments++;
	} else {
		struct err unused = ERR_INIT;
		line->verb = verb_find(line->table, word, &unused);
		return line->verb != NULL;
	}
	return true;
}

static void add_candidates(struct line *line)
{
	const char *word = line->word;
	bool is_option = !line->ended && *word == '-';

	if (line->value && strcmp(word, "=") == 0)
		line->word = "";
	else if (!line->value && is_option && strchr(word, '=')) {
		line->value = option_of(line, word);
		line->word = strchr(word, '=') + 1;
		line->prefix_len = (size_t)(line->word - word);
		if (!line->value)
			return;
	}
	if (line->value)
		add_values(line, line->value->choices ? line->value->choices : line->value->arg,
			   true);
	else if (is_option)
		add_options(line);
	else if (line->verb)
		add_arguments(line);
	else
		add_verbs(line);
}

void completion_candidates(const struct argv *words, const struct verb *const *table,
			   const struct opt *globals, struct buf *out)
{
	const char *last = words->n ? words->v[words->n - 1] : "";
	struct line line = {
		.table = table, .globals = globals, .prefix = last, .word = last, .out = out};

	for (size_t i = 0; i + 1 < words->n; i++)
		if (!take_word(&line, words->v[i], i ? words->v[i - 1] : ""))
			return;
	add_candidates(&line);
}
