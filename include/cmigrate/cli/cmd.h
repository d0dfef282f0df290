/* SPDX-License-Identifier: MIT */
/*
 * cmd: a verb and what it gets. Each file in src/cli/cmd defines one `const struct verb` or two;
 * program.c lists them, and usage, help and completion come from that list.
 */
#ifndef CMIGRATE_CMD_H
#define CMIGRATE_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/options.h"
#include "cmigrate/base/str.h"

struct config;
struct move;
struct ui;

/* The options that may stand before the command's name. */
struct globals {
	char *config;
	char *bundle_root;
	bool json;
	bool quiet;
	bool verbose;
	bool version;
};

/* The context of every verb. Owned by program_run(). */
struct app {
	const struct globals *globals;
	const struct config *config; /* read and valid; bundle_root of globals already applied */
	struct ui *ui;
	const struct events *events; /* reports to ui */
	bool plans;		     /* set by a command with --dry-run: it changes nothing */
};

/* The directory of the bundles. */
const char *app_bundle_root(const struct app *app);

/* Runs the hook after a move. Its failure changes nothing, and is reported even with --quiet. */
void app_hook_after(const struct app *app, const struct move *move);

struct verb {
	const char *name;
	const char *synopsis; /* "[OPTIONS] NAME DEST" */
	const char *summary;  /* one line, lower case */
	const char *details;  /* further lines of --help, each at most 79 columns, or NULL */
	const struct opt *opts;
	size_t options_size; /* of the option struct that options_parse() fills */
	size_t min_args, max_args;
	bool acts;   /* changes hosts: its exit code is valid even if stdout could not be written */
	bool hidden; /* for scripts: not in help, never suggested */
	bool no_config; /* runs without a configuration: app->config is NULL */
	/* Returns an exit code, or -1 with *err set: the exit code is err->code then. */
	int (*run)(struct app *app, void *opts, const struct argv *args, struct err *err);
};

/* Every verb in the order of help, and the global options; both in program.c, ended by NULL. */
extern const struct verb *const verbs[];
extern const struct opt globals_table[];

/*
 * Finds a verb by name. NULL with EXIT_USAGE: there is none; the error suggests the nearest name.
 */
const struct verb *verb_find(const struct verb *const *table, const char *name, struct err *err);
/* EXIT_USAGE with the synopsis if there are too few or too many arguments. */
int verb_check_args(const struct verb *verb, const struct argv *args, struct err *err);
/* Adds the text of `cmigrate VERB --help`. */
void verb_help(const struct verb *verb, struct buf *out);
/* Adds the text of `cmigrate --help`. */
void verbs_help(const struct verb *const *table, const struct opt *globals, struct buf *out);

#endif
