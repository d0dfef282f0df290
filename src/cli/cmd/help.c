/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "cmigrate/base/atomic_file.h"
#include "cmigrate/cli/cmd.h"

static int help_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};

	(void)app;
	(void)opts;
	if (args->n) {
		const struct verb *verb = verb_find(verbs, args->v[0], err);
		if (!verb)
			return -1;
		verb_help(verb, &text);
	} else {
		verbs_help(verbs, globals_table, &text);
	}
	return fd_write_all(STDOUT_FILENO, "standard output", text.s, text.len, err);
}

const struct verb verb_of_help = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "show what a command does and its options",
	.max_args = 1,
	.no_config = true,
	.run = help_run,
};
