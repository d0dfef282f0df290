/* SPDX-License-Identifier: MIT */
#include "cmigrate/cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/atomic_file.h"
#include "cmigrate/base/version.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/history/metrics.h"
#include "cmigrate/host/config.h"
#include "cmigrate/move/move.h"

extern const struct verb verb_generate, verb_run, verb_move, verb_check, verb_checkpoint,
	verb_restore, verb_abort, verb_tune, verb_recover, verb_history, verb_drain, verb_uncordon,
	verb_rebalance, verb_list, verb_status, verb_stop, verb_delete, verb_gate_keeper,
	verb_completion, verb_complete, verb_of_help;

/* Each command is declared above and has one line here, in the order of help. */
/* clang-format off */
const struct verb *const verbs[] = {
	&verb_generate,
	&verb_run,
	&verb_move,
	&verb_check,
	&verb_checkpoint,
	&verb_restore,
	&verb_abort,
	&verb_tune,
	&verb_recover,
	&verb_history,
	&verb_drain,
	&verb_uncordon,
	&verb_rebalance,
	&verb_list,
	&verb_status,
	&verb_stop,
	&verb_delete,
	&verb_gate_keeper,
	&verb_completion,
	&verb_complete,
	&verb_of_help,
	NULL,
};
/* clang-format on */

#define ROW(member, name, letter, kind, arg, help)                                                 \
	OPT(struct globals, member, name, letter, kind, arg, help)

const struct opt globals_table[] = {
	ROW(config, "config", 'c', OPT_STRING, "FILE",
	    "configuration (/etc/cmigrate/config.json if it exists)"),
	ROW(bundle_root, "bundle-root", 'b', OPT_STRING, "DIR",
	    "directory of the bundles (/runc/containers)"),
	ROW(json, "json", 0, OPT_FLAG, NULL, "print one JSON object a line"),
	ROW(quiet, "quiet", 'q', OPT_FLAG, NULL, "print nothing unless something fails"),
	ROW(verbose, "verbose", 'v', OPT_FLAG, NULL, "show each request to a host as it is sent"),
	ROW(version, "version", 0, OPT_FLAG, NULL, "print the version"),
	{.name = NULL},
};

/* A verb about to run. Global options are accepted after its name too. */
struct call {
	const struct verb *verb;
	struct opt *table; /* the verb's rows, then the global ones */
	char *base;	   /* the verb's option struct, then struct globals */
	struct globals *globals;
	struct argv args;
	bool help;
};

static bool has_row(const struct opt *table, const char *name)
{
	for (; table && table->name; table++)
		if (strcmp(table->name, name) == 0)
			return true;
	return false;
}

static struct opt *joined_table(const struct opt *own, size_t offset)
{
	size_t n = 0;

	while (own && own[n].name)
		n++;
	struct opt *table =
		mem_new(n + sizeof(globals_table) / sizeof(*globals_table), sizeof(*table));
	if (n)
		memcpy(table, own, n * sizeof(*table));
	for (const struct opt *row = globals_table; row->name; row++) {
		if (has_row(own, row->name))
			continue;
		table[n] = *row;
		table[n++].offset += offset;
	}
	return table;
}

/* Copies the global options given before the verb's name. */
static void call_init(struct call *call, const struct verb *verb, const struct globals *globals)
{
	size_t unit = alignof(max_align_t);
	size_t offset = (verb->options_size + unit - 1) / unit * unit;

	memset(call, 0, sizeof(*call));
	call->verb = verb;
	call->table = joined_table(verb->opts, offset);
	call->base = mem_new(1, offset + sizeof(*globals));
	call->globals = (struct globals *)(void *)(call->base + offset);
	*call->globals = *globals;
}

static void call_clear(struct call *call)
{
	if (call->table)
		options_clear(call->table, call->base);
	free(call->table);
	free(call->base);
	argv_clear(&call->args);
}

static int print(const struct buf *text, struct err *err)
{
	return fd_write_all(STDOUT_FILENO, "standard output", text->s, text->len, err);
}

static int print_version(struct err *err)
{
	CLEANUP_BUF struct buf text = {0};

	buf_puts(&text, "cmigrate " CMIGRATE_VERSION "\n");
	return print(&text, err);
}

static int print_help(const struct verb *verb, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};

	if (verb)
		verb_help(verb, &text);
	else
		verbs_help(verbs, globals_table, &text);
	return print(&text, err);
}

/* The command began nothing, so nothing has changed. */
static bool is_refusal(int code, const struct err *err)
{
	enum exit_code said = code < 0 ? err->code : (enum exit_code)code;

	return said == EXIT_USAGE || said == EXIT_REFUSED || said == EXIT_BUSY;
}

/*
 * The command's work is done: a metrics file that can't be written does not change the exit code.
 * The moves of a batch leave the file to the batch.
 */
static void update_metrics(const struct call *call, struct app *app, int code,
			   const struct err *err)
{
	struct err why = ERR_INIT;

	if (!call->verb->acts || !app->config->metrics || app->plans || is_refusal(code, err) ||
	    getenv(MOVE_NUMBER_ENV))
		return;
	if (metrics_update(app->config, app->events, &why) < 0) {
		(void)err_wrap(&why, "metrics");
		ui_error(app->ui, &why);
	}
}

/* Flush stdout: a full disk or a closed pipe makes the command fail. */
static int flush_stdout(struct err *err)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return 0;
	if (!errno)
		errno = EIO;
	return err_errno(err, EXIT_FAILED, "can't write 'standard output'");
}

/* A verb that has changed hosts keeps its exit code even if nobody could read its output. */
static int told(const struct verb *verb, const struct app *app, int code, struct err *err)
{
	struct err unwritten = ERR_INIT;

	if (flush_stdout(&unwritten) == 0)
		return code;
	if (code < 0 || (verb->acts && !app->plans)) {
		ui_error(app->ui, &unwritten);
		return code;
	}
	*err = unwritten;
	return -1;
}

static struct ui *new_ui(const struct globals *globals)
{
	return ui_new(globals->json, globals->quiet, globals->verbose);
}

static int run_with_config(struct call *call, struct app *app, struct err *err)
{
	struct config config;
	int code = config_load(call->globals->config, call->globals->bundle_root, &config, err);

	app->config = &config;
	if (code == 0) {
		code = call->verb->run(app, call->base, &call->args, err);
		update_metrics(call, app, code, err);
		code = told(call->verb, app, code, err);
	}
	app->config = NULL;
	config_clear(&config);
	return code;
}

static int run_call(struct call *call, struct ui *ui, struct err *err)
{
	const struct globals *globals = call->globals;

	if (verb_check_args(call->verb, &call->args, err) < 0)
		return -1;
	struct events events = {ui_event, ui};
	struct app app = {.globals = globals, .ui = ui, .events = &events};
	if (call->verb->no_config)
		return call->verb->run(&app, call->base, &call->args, err);
	return run_with_config(call, &app, err);
}

/*
 * words: the verb's name and everything after it. Takes over the strings in *globals. *ui follows
 * the options read so far, even if a later one is wrong.
 */
static int run_verb(const struct argv *words, struct globals *globals, struct ui **ui,
		    struct err *err)
{
	__attribute__((cleanup(call_clear))) struct call call = {0};
	const struct verb *verb = verb_find(verbs, words->v[0], err);

	if (!verb) {
		*ui = new_ui(globals);
		options_clear(globals_table, globals);
		return -1;
	}
	call_init(&call, verb, globals);
	int status = options_parse(call.table, call.base, (int)words->n, words->v, false,
				   &call.args, &call.help, err);
	*ui = new_ui(call.globals);
	if (status < 0)
		return err_wrap(err, "%s", verb->name);
	if (call.help)
		return print_help(verb, err);
	if (call.globals->version)
		return print_version(err);
	return run_call(&call, *ui, err);
}

static int no_verb(void)
{
	CLEANUP_BUF struct buf text = {0};
	struct err ignored = ERR_INIT;

	verbs_help(verbs, globals_table, &text);
	(void)fd_write_all(STDERR_FILENO, "standard error", text.s, text.len, &ignored);
	return EXIT_USAGE;
}

static int run(int argc, char **argv, struct ui **ui, struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};
	struct globals globals = {0};
	bool help = false;
	int code = options_parse(globals_table, &globals, argc, argv, true, &words, &help, err);

	if (code == 0 && !help && !globals.version && words.n)
		return run_verb(&words, &globals, ui, err);
	if (code == 0 && help)
		code = print_help(NULL, err);
	else if (code == 0 && globals.version)
		code = print_version(err);
	else if (code == 0)
		code = no_verb();
	*ui = new_ui(&globals);
	options_clear(globals_table, &globals);
	return code;
}

/* cron and su leave out the directories of runc, criu and ip. */
static void complete_path(void)
{
	static const char *const wanted[] = {"/usr/local/sbin", "/usr/sbin", "/sbin"};
	const char *given = getenv("PATH");
	CLEANUP_BUF struct buf path = {0};

	buf_puts(&path, given ? given : "/usr/local/bin:/usr/bin:/bin");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		CLEANUP_FREE char *all = str_fmt(":%s:", buf_str(&path));
		CLEANUP_FREE char *word = str_fmt(":%s:", wanted[i]);
		if (!strstr(all, word))
			buf_printf(&path, ":%s", wanted[i]);
	}
	(void)setenv("PATH", path.s, true);
}

/*
 * A closed standard descriptor would be reused for the next file or pipe, and messages would go to
 * a host's shell. Open each one so that using it still fails.
 */
static void keep_stdio_apart(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int program_run(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct ui *ui = NULL;

	keep_stdio_apart();
	/* A reader that exits must not end a move: writes report EPIPE instead. */
	(void)signal(SIGPIPE, SIG_IGN);
	complete_path();
	int code = run(argc, argv, &ui, &err);
	if (code < 0) {
		ui_failure(ui, &err);
		code = err.code == EXIT_DONE ? EXIT_FAILED : (int)err.code;
	}
	ui_free(ui);
	return code;
}
