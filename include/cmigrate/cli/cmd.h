/* SPDX-License-Identifier: MIT */
/*
 * cmd: what a verb is. Each cmd_*.c defines one `const struct verb`; program.c lists them, and
 * usage, help and completion come from that list.
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

/* The options that stand before the command's name. */
struct globals {
	char *config;
	char *bundle_root;
	bool json;
	bool quiet;
	bool verbose;
	bool version;
};

/* What every verb gets. Owned by main. */
struct app {
	const struct globals *globals;
	const struct config *config; /* read and valid; bundle_root of globals already applied */
	struct ui *ui;
	const struct events *events; /* reports to ui */
	bool plans;		     /* set by a command with --dry-run: it changes nothing */
};

/* The directory that has the bundles. */
const char *app_bundle_root(const struct app *app);

/* The hook after a move. A failure of it changes nothing, and is said with --quiet too. */
void app_hook_after(const struct app *app, const struct move *move);

struct verb {
	const char *name;
	const char *synopsis; /* "[OPTIONS] NAME DEST" */
	const char *summary;  /* one line, lower case */
	const char *details;  /* further lines of --help, each at most 79 columns, or NULL */
	const struct opt *opts;
	size_t opts_size; /* of the option struct that opts_parse() fills */
	size_t min_args, max_args;
	bool acts; /* changes hosts: its exit code says what it did, whether or not stdout was read
		    */
	bool hidden;	/* for scripts: not in help, never suggested */
	bool no_config; /* runs without a configuration: app->config is NULL */
	/* Returns an exit code, or -1 with *err set: its code becomes the exit code. */
	int (*run)(struct app *app, void *opts, const struct argv *args, struct err *err);
};

/* program.c: every verb in the order of help, and the options of all of them. Ended by NULL. */
extern const struct verb *const verbs[];
extern const struct opt globals_table[];

/* The verb of that name; NULL with EXIT_USAGE, the nearest named. */
const struct verb *verb_find(const struct verb *const *table, const char *name, struct err *err);
/* EXIT_USAGE with the synopsis where there are too few or too many arguments. */
int verb_check_args(const struct verb *verb, const struct argv *args, struct err *err);
/* What `cmigrate VERB --help` prints. */
void verb_help(const struct verb *verb, struct buf *out);
/* What `cmigrate --help` prints. */
void verbs_help(const struct verb *const *table, const struct opt *globals, struct buf *out);

#endif
