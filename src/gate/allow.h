/* SPDX-License-Identifier: MIT */
/*
 * allow: decides whether a command is one that cmigrate's own client sends; src/gate/allow_table.c
 * has them all. A command outside the table is refused, and so is a script whose text differs from
 * this program's own. Names, paths, addresses and ids are checked, and all belong to one container
 * and one move throughout a command.
 */
#ifndef CMIGRATE_GATE_ALLOW_H
#define CMIGRATE_GATE_ALLOW_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "wire.h"

/*
 * A row: patterns of words, separated by blanks.
 *
 *   (script) ...   the words that run a script of src/scripts, its text included
 *   word           itself
 *   a|b            one of these
 *   {kind}         a part of a word, see allow_aliases and allow.c
 *   [word]         may be missing
 *   word...        any number of them, including none
 *   ''             the empty word
 */
struct allow_row {
	const char *words;
	const char *env;   /* the assignments before it; NULL: none */
	const char *log;   /* file for its output; NULL: it comes back */
	const char *input; /* its input, one pattern; NULL: none */
	bool takes_over;   /* see wire.h */
	bool touches;	   /* if {name} runs here, then only from the bundle below the root */
};

/* The patterns of a {kind} that isn't built in; each row of the same kind is one alternative. */
struct allow_alias {
	const char *kind;
	const char *pattern;
};

/* Both tables end with a row of NULL. */
extern const struct allow_row allow_rows[];
extern const struct allow_row allow_session; /* the command for sshd, before all others */
extern const struct allow_alias allow_aliases[];

/*
 * Fails with EXIT_REFUSED and the reason if a line isn't allowed below this bundle root (an
 * absolute path).
 */
int allow_line(const struct wire_line *line, const char *bundle_root, struct err *err);
/* The same for the command that ssh was given: `exec env ... sh`. */
int allow_command(const struct argv *words, const char *bundle_root, struct err *err);

#endif
