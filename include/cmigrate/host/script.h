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
extern const struct script script_await;
extern const struct script script_bundles;
extern const struct script script_erase;
extern const struct script script_facts;
extern const struct script script_images;
extern const struct script script_list;
extern const struct script script_lock;
extern const struct script script_logs;
extern const struct script script_open;
extern const struct script script_park;
extern const struct script script_place;
extern const struct script script_readahead;
extern const struct script script_refill;
extern const struct script script_restore;
extern const struct script script_state;
extern const struct script script_status;
extern const struct script script_store;
extern const struct script script_tmpfs;
extern const struct script script_warm;
extern const struct script script_watch;
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
