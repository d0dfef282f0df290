/* SPDX-License-Identifier: MIT */
/*
 * cmd: what a verb is. Each cmd_*.c defines one `const struct verb`; main.c lists them, and usage,
 * help and completion come from that list.
 */
#ifndef CMIGRATE_CMD_H
#define CMIGRATE_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/err.h"
#include "cmigrate/event.h"
#include "cmigrate/opts.h"
#include "cmigrate/str.h"

struct config;
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
};

/* The directory that has the bundles. */
const char *app_bundle_root(const struct app *app);

struct verb {
	const char *name;
	const char *synopsis; /* "[OPTIONS] NAME DEST" */
	const char *summary;  /* one line, lower case */
	const char *details;  /* further lines of --help, each at most 79 columns, or NULL */
	const struct opt *opts;
	size_t opts_size; /* of the option struct that opts_parse() fills */
	size_t min_args, max_args;
	/* Returns an exit code, or -1 with *err set: its code becomes the exit code. */
	int (*run)(struct app *app, void *opts, const struct argv *args, struct err *err);
};

#endif
