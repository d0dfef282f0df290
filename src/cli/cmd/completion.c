/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "cli/completion.h"
#include "cmigrate/base/atomic_file.h"
#include "cmigrate/base/name.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/host/config.h"

struct completion_opts {
	bool hosts, names; /* for the scripts themselves: what there is now */
};

static const struct opt completion_table[] = {
	{
		.name = "hosts",
		.kind = OPT_FLAG,
		.offset = offsetof(struct completion_opts, hosts),
		.help = "",
		.hidden = true,
	},
	{
		.name = "names",
		.kind = OPT_FLAG,
		.offset = offsetof(struct completion_opts, names),
		.help = "",
		.hidden = true,
	},
	{.name = NULL},
};

static const struct {
	const char *shell;
	completion_fn *fn;
} shells[] = {
	{"bash", completion_bash},
	{"zsh", completion_zsh},
	{"fish", completion_fish},
};

static void add_names(const char *bundle_root, struct buf *out)
{
	struct err unused = ERR_INIT;
	DIR *dir = opendir(bundle_root);

	if (!dir)
		return;
	/* A shell expands them: anybody who writes there could make a directory called "$(...)". */
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.' && name_check(entry->d_name, &unused) == 0 &&
		    (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			buf_printf(out, "%s\n", entry->d_name);
	(void)closedir(dir);
}

static void add_hosts(const struct config *config, struct buf *out)
{
	for (size_t i = 0; i < config->n_hosts; i++)
		buf_printf(out, "%s\n", config->hosts[i].name);
}

/* No host is asked: whoever presses the tabulator does not want to wait for ssh. */
static int add_words(const struct globals *globals, const struct completion_opts *o,
		     struct buf *out, struct err *err)
{
	struct config config;
	int status = config_load(globals->config, globals->bundle_root, &config, err);

	if (status == 0 && o->names)
		add_names(config.bundle_root, out);
	if (status == 0 && o->hosts)
		add_hosts(&config, out);
	config_clear(&config);
	return status;
}

static int add_script(const struct argv *args, struct buf *out, struct err *err)
{
	const char *shell = args->n ? args->v[0] : "";

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		if (strcmp(shell, shells[i].shell) == 0) {
			shells[i].fn(verbs, globals_table, out);
			return 0;
		}
	}
	if (!args->n)
		return err_set(err, EXIT_USAGE,
			       "an argument is missing; usage: cmigrate completion bash|zsh|fish");
	return err_set(err, EXIT_USAGE, "'%s' is none of bash, zsh, fish", shell);
}

static int completion_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	const struct completion_opts *o = opts;
	int status;

	if (o->hosts || o->names)
		status = add_words(app->globals, o, &text, err);
	else
		status = add_script(args, &text, err);
	if (status == 0)
		status = output_fd(STDOUT_FILENO, "standard output", text.s, text.len, err);
	return status;
}

const struct verb verb_completion = {
	.name = "completion",
	.synopsis = "bash|zsh|fish",
	.summary = "print a completion script for a shell",
	.details = "bash: source <(cmigrate completion bash)\n"
		   "zsh:  source <(cmigrate completion zsh)\n"
		   "fish: cmigrate completion fish | source\n",
	.opts = completion_table,
	.opts_size = sizeof(struct completion_opts),
	.max_args = 1,
	.no_config = true,
	.run = completion_run,
};
