/* SPDX-License-Identifier: MIT */
#include "allow.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "cmigrate/base/name.h"
#include "cmigrate/container/runc_state.h"
#include "cmigrate/criu/post_copy.h"
#include "cmigrate/host/script.h"

#define DIGITS "0123456789"
#define HEX DIGITS "abcdef"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define ALNUM DIGITS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* More than eight addresses and all bind mounts of a container need. */
#define WORDS_MAX 1024
/* Limit for nested kinds in one word: a pattern that contains itself must end somewhere. */
#define DEPTH_MAX 128
#define SHOWN 200

/* The values bound so far: a command is about one container and one move. */
struct bound {
	const char *root;
	const char *name, *id;
	size_t name_len, id_len;
	unsigned depth;
};

static bool same(const char **known, size_t *known_len, const char *text, size_t len)
{
	if (*known)
		return *known_len == len && memcmp(*known, text, len) == 0;
	*known = text;
	*known_len = len;
	return true;
}

static bool is_name(const char *word)
{
	struct err unused = ERR_INIT;

	return name_check(word, &unused) == 0;
}

static bool is_path(const char *word)
{
	struct err unused = ERR_INIT;

	return name_check_path(word, &unused) == 0;
}

static bool is_device(const char *word)
{
	struct err unused = ERR_INIT;

	/* The word becomes part of paths in /sys. */
	return name_check_device(word, &unused) == 0 && strspn(word, ".") != strlen(word);
}

/* Accepts an address only as cmigrate spells it. */
static bool is_ip(const char *word)
{
	struct err unused = ERR_INIT;
	struct address a;

	return address_parse(word, &a, &unused) == 0 && strcmp(a.ip, word) == 0;
}

static bool is_host(const char *word)
{
	struct err unused = ERR_INIT;

	return name_check_host(word, &unused) == 0;
}

static bool is_line(const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word < ' ' || *word == 0x7f)
			return false;
	return true;
}

static bool is_id(const char *word)
{
	struct err unused = ERR_INIT;

	return name_check_id(word, &unused) == 0;
}

static bool is_page_port(const char *word)
{
	unsigned long port = strtoul(word, NULL, 10);

	return port >= PAGE_PORT_FIRST && port < PAGE_PORT_FIRST + 2 * PAGE_PORTS;
}

/* timeout(1) takes 0 for "for ever". */
static bool is_seconds(const char *word)
{
	return strtoul(word, NULL, 10) > 0;
}

/* A network namespace's file, or nothing. Opening another file, such as a watchdog's, may have
 * effects. */
static bool is_net_file(const char *word)
{
	struct statfs fs;

	return is_path(word) && (statfs(word, &fs) < 0 ? errno == ENOENT : fs.f_type == NSFS_MAGIC);
}

static bool is_tag(const char *word)
{
	return strlen(word) == 8;
}

/* The kinds of words from which the table's patterns are made. */
static const struct kind {
	const char *name;
	const char *bytes; /* allowed bytes; NULL: any */
	size_t max;
	bool (*check)(const char *word);
} kinds[] = {
	{"name", ALNUM "_+.-", 128, is_name},
	{"id", HEX "T-", 24, is_id},
	{"tag", HEX, 8, is_tag},
	{"ip", HEX "ABCDEF.:", 45, is_ip},
	{"host", ALNUM "_.:%[]-", 253, is_host},
	{"number", DIGITS, 20, NULL},
	{"page-port", DIGITS, 5, is_page_port},
	{"seconds", DIGITS, 9, is_seconds},
	{"net-file", NULL, 4095, is_net_file},
	{"device", ALNUM "_.:@-", 15, is_device},
	{"path", NULL, 4095, is_path},
	{"line", NULL, 65536, is_line},
	{"version", ALNUM ".+-", 40, NULL},
	{"text", NULL, WIRE_MAX_BYTES, NULL},
	{NULL, NULL, 0, NULL},
};

static bool match(const char *pattern, const char *text, struct bound *b);

static size_t span(const struct kind *kind, const char *text)
{
	size_t len = kind->bytes ? strspn(text, kind->bytes) : strlen(text);

	return len < kind->max ? len : kind->max;
}

static bool is_kind(const struct kind *kind, const char *text, size_t len, struct bound *b)
{
	CLEANUP_FREE char *word = kind->check ? str_dupn(text, len) : NULL;

	if (word && !kind->check(word))
		return false;
	if (strcmp(kind->name, "name") == 0)
		return same(&b->name, &b->name_len, text, len);
	if (strcmp(kind->name, "id") == 0)
		return same(&b->id, &b->id_len, text, len);
	return true;
}

/* Tries the longest part first whose rest still matches. A kind that may be anything takes it
 * all. */
static bool match_kind(const struct kind *kind, const char *rest, const char *text, struct bound *b)
{
	size_t longest = span(kind, text), shortest = kind->bytes ? 1 : longest;

	for (size_t len = longest; len >= shortest && len; len--) {
		struct bound now = *b;
		if (!is_kind(kind, text, len, &now) || !match(rest, text + len, &now))
			continue;
		*b = now;
		return true;
	}
	return false;
}

static bool match_alias(const char *name, const char *rest, const char *text, struct bound *b)
{
	for (const struct allow_alias *alias = allow_aliases; alias->kind; alias++) {
		if (strcmp(alias->kind, name) != 0)
			continue;
		CLEANUP_FREE char *pattern = str_fmt("%s%s", alias->pattern, rest);
		struct bound now = *b;
		if (!match(pattern, text, &now))
			continue;
		*b = now;
		return true;
	}
	return false;
}

/* pattern: "{kind}REST". */
static bool match_part(const char *pattern, size_t kind_len, const char *text, struct bound *b)
{
	CLEANUP_FREE char *name = str_dupn(pattern + 1, kind_len);
	const char *rest = pattern + kind_len + 2;

	if (b->depth++ > DEPTH_MAX)
		return false;
	if (strcmp(name, "root") == 0)
		return str_starts(text, b->root) && match(rest, text + strlen(b->root), b);
	for (const struct kind *kind = kinds; kind->name; kind++)
		if (strcmp(kind->name, name) == 0)
			return match_kind(kind, rest, text, b);
	return match_alias(name, rest, text, b);
}

/* Matches one word, or one input. */
static bool match(const char *pattern, const char *text, struct bound *b)
{
	for (; *pattern; pattern++, text++) {
		size_t kind = *pattern == '{' ? strspn(pattern + 1, LOWER "-") : 0;
		if (kind && pattern[kind + 1] == '}')
			return match_part(pattern, kind, text, b);
		if (*pattern != *text)
			return false;
	}
	return !*text;
}

/* Matches a word of a row: "a|b". */
static bool match_word(const char *pattern, size_t len, const char *word, struct bound *b)
{
	CLEANUP_FREE char *copy = str_dupn(pattern, len);
	char *save = NULL;

	if (strcmp(copy, "''") == 0)
		return !*word;
	for (char *one = strtok_r(copy, "|", &save); one; one = strtok_r(NULL, "|", &save)) {
		struct bound now = *b;
		/* Either may be the empty word: "''|{images}". */
		if (!match(strcmp(one, "''") == 0 ? "" : one, word, &now))
			continue;
		*b = now;
		return true;
	}
	return false;
}

static bool match_words(const char *pattern, char *const *words, struct bound *b)
{
	pattern += strspn(pattern, " ");
	size_t len = strcspn(pattern, " ");
	bool optional = *pattern == '[', many = len > 3 && memcmp(pattern + len - 3, "...", 3) == 0;
	struct bound now = *b;

	if (!len)
		return !words || !*words;
	if (words && *words &&
	    match_word(pattern + optional, len - (optional ? 2 : 0) - (many ? 3 : 0), *words,
		       &now) &&
	    match_words(many ? pattern : pattern + len, words + 1, &now)) {
		*b = now;
		return true;
	}
	return (optional || many) && match_words(pattern + len, words, b);
}

/* The name of a row's script, owned by the caller; NULL: none. */
static char *script_of(const struct allow_row *row)
{
	return *row->words == '(' ? str_dupn(row->words + 1, strcspn(row->words, ")") - 1) : NULL;
}

static bool is_script(const struct argv *a)
{
	return a->n >= SCRIPT_WORDS && strcmp(a->v[0], "sh") == 0 && strcmp(a->v[1], "-c") == 0;
}

/* Whether a row is about this program or script. */
static bool is_about(const struct allow_row *row, const struct argv *a)
{
	CLEANUP_FREE char *script = script_of(row);

	if (script)
		return is_script(a) && strcmp(a->v[SCRIPT_WORDS - 1], script) == 0;
	size_t len = strcspn(row->words, " ");
	return strncmp(row->words, a->v[0], len) == 0 && !a->v[0][len];
}

/* Whether the container of that name runs here from a bundle other than its own below the root. */
static bool is_foreign(const struct bound *b)
{
	CLEANUP_FREE char *name = str_dupn(b->name, b->name_len);
	CLEANUP_FREE char *ours = str_fmt("%s/%s", b->root, name);
	CLEANUP_FREE char *bundle = runc_state_bundle(name);

	return bundle && strcmp(bundle, ours) != 0;
}

static bool allows(const struct allow_row *row, const struct wire_line *line, const char *root,
		   bool *ret_foreign)
{
	CLEANUP_FREE char *script = script_of(row);
	struct bound b = {.root = root};
	char *const *words = line->argv.v;
	const char *pattern = row->words;

	if (script) {
		if (!is_about(row, &line->argv))
			return false;
		words += SCRIPT_WORDS;
		pattern += strcspn(pattern, ")") + 1;
	}
	if (row->takes_over != line->takes_over || !row->log != !line->log ||
	    !row->input != !line->input)
		return false;
	if (!match_words(pattern, words, &b) ||
	    !match_words(row->env ? row->env : "", line->env.v, &b) ||
	    (row->log && line->log && !match(row->log, line->log, &b)) ||
	    (row->input && line->input && !match(row->input, line->input, &b)))
		return false;
	*ret_foreign = row->touches && b.name && is_foreign(&b);
	return !*ret_foreign;
}

/* A command for a message: a script by its name, without control bytes, at most SHOWN bytes. */
static char *describe(const struct argv *a)
{
	struct buf line = {0};
	char *shown = is_script(a) ? script_shown(a->v) : NULL;

	if (!shown) {
		quote_argv(&line, a->v);
		shown = buf_steal(&line);
	}
	str_mask(shown);
	if (strlen(shown) > SHOWN)
		(void)stpcpy(shown + SHOWN - 3, "...");
	return shown;
}

static int refuse(const struct argv *a, const char *why, struct err *err)
{
	CLEANUP_FREE char *shown = describe(a);

	return err_set(err, EXIT_REFUSED, "refused %s: %s", shown, why);
}

static int check_script(const struct argv *a, struct err *err)
{
	const struct script *script = script_find(a->v[SCRIPT_WORDS - 1]);

	if (!script)
		return refuse(a, "no such script here", err);
	if (strcmp(script->text, a->v[2]) != 0)
		return refuse(a, "the script's text differs from the one here", err);
	return 0;
}

int allow_line(const struct wire_line *line, const char *bundle_root, struct err *err)
{
	CLEANUP_FREE char *where =
		str_fmt("not with these arguments; bundles are below '%s' here", bundle_root);
	bool known = false, foreign = false;

	if (line->argv.n > WORDS_MAX)
		return err_set(err, EXIT_REFUSED, "refused a command of %zu words", line->argv.n);
	if (is_script(&line->argv) && check_script(&line->argv, err) < 0)
		return -1;
	for (const struct allow_row *row = allow_rows; row->words; row++) {
		known |= is_about(row, &line->argv);
		if (allows(row, line, bundle_root, &foreign))
			return 0;
		if (foreign)
			return refuse(&line->argv,
				      "the container of that name runs from another bundle", err);
	}
	return refuse(&line->argv, known ? where : "not a command of cmigrate", err);
}

int allow_command(const struct argv *words, const char *bundle_root, struct err *err)
{
	struct bound b = {.root = bundle_root};

	if (words->n <= WORDS_MAX && match_words(allow_session.words, words->v, &b))
		return 0;
	return refuse(words, "this key is for cmigrate alone", err);
}
