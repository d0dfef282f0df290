/* SPDX-License-Identifier: MIT */
/*
 * script: the few actions on a host that take more than one command (src/scripts/NAME.sh).
 *
 * Their text is constant and part of the executable; parameters are passed as arguments, never put
 * into the text. `sh -c TEXT NAME ARGUMENTS...` is executed like any other program.
 */
#ifndef CMIGRATE_SCRIPT_H
#define CMIGRATE_SCRIPT_H

#include "cmigrate/base/str.h"

struct script {
	const char *name;
	const char *text;
};

/* Generated from src/scripts/ by the Makefile; the comment at the top of each has its arguments and
 * output. */
extern const struct script script_address;
extern const struct script script_bounce;
extern const struct script script_criu_locks;
extern const struct script script_cut;
extern const struct script script_drain;
extern const struct script script_end;
extern const struct script script_facts;
extern const struct script script_fence;
extern const struct script script_gather;
extern const struct script script_guard;
extern const struct script script_hold;
extern const struct script script_list;
extern const struct script script_listens;
extern const struct script script_nudge;
extern const struct script script_open;
extern const struct script script_pages;
extern const struct script script_place;
extern const struct script script_receive;
extern const struct script script_run;
extern const struct script script_settle;
extern const struct script script_socket;
extern const struct script script_state;
extern const struct script script_status;
extern const struct script script_unpage;
extern const struct script script_whole;
/* All of them, ending in NULL. */
extern const struct script *const scripts[];

/* "sh -c TEXT NAME": the arguments come after these words. */
#define SCRIPT_WORDS 4
/* The words that run a script with these arguments (up to a closing NULL). */
void script_argv(struct argv *a, const struct script *script, ...) __attribute__((sentinel));
/* The script of that name; NULL if there is none. */
const struct script *script_find(const char *name);
/* The same words for people: the script's name instead of its text. NULL if the words run no
 * script. Owned by the caller. */
char *script_shown(char *const *argv);

#endif
