/* SPDX-License-Identifier: MIT */
/*
 * permit: whether a command is one that cmigrate's own client side sends: src/gate/allow_table.c
 * lists them all. What isn't in the table is refused, and so is a script whose text isn't this
 * program's own. Names, paths, addresses and ids in it are checked, and are those of one container
 * and one move throughout a command.
 */
#ifndef CMIGRATE_PERMIT_H
#define CMIGRATE_PERMIT_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "wire.h"

/*
 * A row: patterns of words, divided by blanks.
 *
 *   (script) ...   the words that run a script of src/scripts, its text included
 *   word           itself
 *   a|b            one of these
 *   {kind}         a part of a word, see permit_aliases and permit.c
 *   [word]         may be missing
 *   word...        any number of them, none included
 *   ''             the empty word
 */
struct permit {
	const char *words;
	const char *env;   /* the assignments before it; NULL: none */
	const char *log;   /* where its output goes; NULL: back */
	const char *input; /* its input, one pattern; NULL: none */
	bool takes_over;   /* of line.h */
	bool touches; /* {name} as it runs here: refused where its bundle isn't the one below the
			 root */
};

/* What {kind} stands for where it isn't a kind of its own; several rows: one of them. */
struct permit_alias {
	const char *kind;
	const char *pattern;
};

/* All ended by a row of NULL. */
extern const struct permit permits[];
extern const struct permit permit_session; /* what sshd is asked for, before any of these */
extern const struct permit_alias permit_aliases[];

/*
 * Fails with EXIT_REFUSED and the reason where a line isn't allowed below this bundle root (an
 * absolute path).
 */
int permit_line(const struct line *line, const char *bundle_root, struct err *err);
/* The same of the command that ssh was given: `exec env ... sh`. */
int permit_command(const struct argv *words, const char *bundle_root, struct err *err);

#endif
