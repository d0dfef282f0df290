/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "cli/completion.h"
#include "cmigrate/base/atomic_file.h"
#include "cmigrate/cli/cmd.h"

/* src/cli/complete.*, embedded by the Makefile. */
extern const char text_complete_bash[], text_complete_zsh[], text_complete_fish[];

static const struct {
	const char *name, *stub;
} shells[] = {
	{"bash", text_complete_bash},
	{"zsh", text_complete_zsh},
	{"fish", text_complete_fish},
};

static int completion_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	(void)app;
	(void)opts;
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (strcmp(args->v[0], shells[i].name) == 0)
			return fd_write_all(STDOUT_FILENO, "standard output", shells[i].stub,
					    strlen(shells[i].stub), err);
	return err_set(err, EXIT_USAGE, "'%s' is not one of bash, zsh, fish", args->v[0]);
}

const struct verb verb_completion = {
	.name = "completion",
	.synopsis = "bash|zsh|fish",
	.summary = "print a completion script for a shell",
	.details = "bash: source <(cmigrate completion bash)\n"
		   "zsh:  source <(cmigrate completion zsh)\n"
		   "fish: cmigrate completion fish | source\n",
	.min_args = 1,
	.max_args = 1,
	.no_config = true,
	.run = completion_run,
};

static int complete_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};

	(void)app;
	(void)opts;
	completion_candidates(args, verbs, globals_table, &text);
	return fd_write_all(STDOUT_FILENO, "standard output", text.s, text.len, err);
}

const struct verb verb_complete = {
	.name = "__complete",
	.synopsis = "-- WORD...",
	.summary = "print the candidates for the last word of a line",
	.max_args = SIZE_MAX,
	.hidden = true,
	.no_config = true,
	.run = complete_run,
};
