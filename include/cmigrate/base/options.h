/* SPDX-License-Identifier: MIT */
/*
 * options: declarative option tables. A row has name, kind, place in the verb's option struct and
 * help text; parsing (getopt_long), `--help` and shell completion all use the same rows.
 */
#ifndef CMIGRATE_OPTS_H
#define CMIGRATE_OPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

enum opt_kind {
	OPT_FLAG,    /* bool: set to true */
	OPT_STRING,  /* char *: the last one counts; owned by the option struct */
	OPT_STRINGS, /* struct argv: repeatable */
	OPT_UINT,    /* unsigned: decimal; 0 if absent */
	OPT_COUNT,   /* unsigned: a count, at least 1; 0 if absent */
	OPT_SIZE,    /* unsigned long long: bytes, with an optional K, M, G, T */
};

struct opt {
	const char *name; /* long name; NULL ends the table */
	char letter;	  /* short name or 0 */
	enum opt_kind kind;
	size_t offset;	     /* of the field in the option struct */
	const char *arg;     /* name of the argument in help: "DIR"; NULL for a flag */
	const char *help;    /* one line, lower case */
	const char *choices; /* "a|b|c" if only these are allowed, else NULL */
	bool hidden;	     /* an older spelling: accepted, not shown */
};

#define OPT(type, field, long_name, short_letter, opt_kind, arg_name, help_text)                   \
	{                                                                                          \
		.name = (long_name), .letter = (short_letter), .kind = (opt_kind),                 \
		.offset = offsetof(type, field), .arg = (arg_name), .help = (help_text),           \
	}

/* A text that is one of a few, "go|abort": help and completion show them. */
#define OPT_ONE_OF(type, field, long_name, arg_name, help_text, words)                             \
	{                                                                                          \
		.name = (long_name), .kind = OPT_STRING, .offset = offsetof(type, field),          \
		.arg = (arg_name), .help = (help_text), .choices = (words),                        \
	}

/*
 * Parses argv[1..] (argv[0] is the command's name) into *base, a zeroed option struct. Positional
 * arguments go to args; "--" ends the options; options may follow arguments unless first_stops is
 * set (then parsing stops at the first argument and the rest goes to args unparsed). "--help" and
 * "-h" set *ret_help and stop the parsing. An unknown option names the nearest known one:
 * EXIT_USAGE.
 */
int options_parse(const struct opt *table, void *base, int argc, char *const *argv,
		  bool first_stops, struct argv *args, bool *ret_help, struct err *err);
/* Bytes of a text such as "512M" that has passed the check; 0 if it is no size. */
unsigned long long options_size(const char *text);
/* Frees the strings that options_parse() put into *base. */
void options_clear(const struct opt *table, void *base);
/* Adds the help text of the table, one line an option, at most 80 columns wide. */
void options_help(const struct opt *table, struct buf *out);

#endif
