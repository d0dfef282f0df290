/* SPDX-License-Identifier: MIT */
#include "cmigrate/cli/cmd.h"

#include <string.h>

#include "cmigrate/base/suggest.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/hooks.h"

const char *app_bundle_root(const struct app *app)
{
	if (app->config && app->config->bundle_root)
		return app->config->bundle_root;
	return app->globals->bundle_root ? app->globals->bundle_root : BUNDLE_ROOT_DEFAULT;
}

const struct verb *verb_find(const struct verb *const *table, const char *name, struct err *err)
{
	CLEANUP_ARGV struct argv known = {0};

	for (; *table; table++) {
		if (strcmp((*table)->name, name) == 0)
			return *table;
		if (!(*table)->hidden)
			argv_add(&known, (*table)->name);
	}
	(void)err_set(err, EXIT_USAGE, "unknown command '%s'", name);
	if (!suggest_append(err, "", name, (const char *const *)known.v))
		(void)err_append(err, "try 'cmigrate --help'");
	return NULL;
}

void app_hook_after(const struct app *app, const struct move *move)
{
	struct err why = ERR_INIT;

	if (move_hook_after(app->config, move, &why) < 0 && ui_is_quiet(app->ui))
		ui_error(app->ui, &why);
}

int verb_check_args(const struct verb *verb, const struct argv *args, struct err *err)
{
	const char *what = NULL;

	if (args->n < verb->min_args)
		what = "an argument is missing";
	else if (args->n > verb->max_args)
		what = "too many arguments";
	if (!what)
		return 0;
	return err_set(err, EXIT_USAGE, "%s; usage: cmigrate %s %s", what, verb->name,
		       verb->synopsis);
}

void verb_help(const struct verb *verb, struct buf *out)
{
	CLEANUP_BUF struct buf options = {0};

	buf_printf(out, "usage: cmigrate [GLOBAL OPTIONS] %s%s%s\n\n", verb->name,
		   *verb->synopsis ? " " : "", verb->synopsis);
	buf_printf(out, "  %s\n\n", verb->summary);
	if (verb->details) {
		size_t len = strlen(verb->details);
		buf_printf(out, "%s%s\n", verb->details,
			   len && verb->details[len - 1] == '\n' ? "" : "\n");
	}
	options_help(verb->opts, &options);
	if (options.len)
		buf_printf(out, "Options:\n%s\n", options.s);
	buf_puts(out, "Global options may follow the command too: cmigrate --help lists them.\n");
}

void verbs_help(const struct verb *const *table, const struct opt *globals, struct buf *out)
{
	buf_puts(out, "usage: cmigrate [GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
		      "Moves running runc containers between hosts.\n\n"
		      "Commands:\n");
	for (size_t i = 0; table[i]; i++)
		if (!table[i]->hidden)
			buf_printf(out, "  %-12s %s\n", table[i]->name, table[i]->summary);
	buf_puts(out, "\nGlobal options:\n");
	options_help(globals, out);
	buf_puts(out, "\nExit codes:\n"
		      "  0 done, 1 failed, 2 wrong usage, 3 refused by a check, 4 undone,\n"
		      "  5 moved but silent, 6 in doubt, 7 busy, 8 some moves failed,\n"
		      "  9 lost\n\n"
		      "'cmigrate COMMAND --help' tells more, cmigrate(1) everything.\n");
}
