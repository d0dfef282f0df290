/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/base/atomic_file.h"
#include "cmigrate/base/json.h"
#include "cmigrate/base/name.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/container/annotation.h"
#include "cmigrate/spec/spec.h"

/* Limit for --template, --seccomp and --env-file. */
#define INPUT_MAX (1024 * 1024)
/* sethostname(2) takes no more. */
#define HOSTNAME_LEN 64

struct generate_opts {
	struct spec_opts spec;
	struct argv env_file;
	char *seccomp;
	char *template_file;
	char *output;
	bool force;
};

#define ROW(member, name, kind, arg, help)                                                         \
	OPT(struct generate_opts, member, name, 0, kind, arg, help)
#define ROW_CHOICE(member, long_name, words, help_text)                                            \
	{                                                                                          \
		.name = (long_name), .kind = OPT_STRING,                                           \
		.offset = offsetof(struct generate_opts, member), .arg = "NAME",                   \
		.help = (help_text), .choices = (words),                                           \
	}
#define ROW_HIDDEN(member, long_name, opt_kind)                                                    \
	{                                                                                          \
		.name = (long_name), .kind = (opt_kind),                                           \
		.offset = offsetof(struct generate_opts, member), .help = "", .hidden = true,      \
	}

static const struct opt generate_table[] = {
	ROW(spec.args, "args", OPT_STRINGS, "WORD", "word of the command line; repeatable (sh)"),
	ROW(spec.network, "network", OPT_STRING, "host|none|PATH",
	    "share the host's network, have its own, or join one (none)"),
	ROW(spec.tmpfs, "tmpfs", OPT_STRINGS, "PATH[:OPTS]", "mount a tmpfs; repeatable"),
	ROW(spec.bind, "bind", OPT_STRINGS, "SRC:DST[:OPTS]",
	    "mount a directory or file of the host; repeatable"),
	ROW(spec.read_only, "read-only", OPT_FLAG, NULL, "mount the root file system read-only"),
	ROW_HIDDEN(spec.read_only, "rootfs-readonly", OPT_FLAG),
	ROW(spec.rootfs, "rootfs", OPT_STRING, "PATH",
	    "root file system, relative to the bundle (rootfs)"),
	ROW(spec.env, "env", OPT_STRINGS, "KEY=VALUE", "environment variable; repeatable"),
	ROW(env_file, "env-file", OPT_STRINGS, "FILE",
	    "lines of KEY=VALUE and # comments; repeatable; --env wins"),
	ROW(spec.cwd, "cwd", OPT_STRING, "DIR", "working directory (/)"),
	ROW(spec.user, "user", OPT_STRING, "UID[:GID]", "user of the process, in numbers (0:0)"),
	ROW(spec.uid, "uid", OPT_STRING, "UID", "user alone"),
	ROW(spec.gid, "gid", OPT_STRING, "GID", "group alone"),
	ROW(spec.groups, "groups", OPT_STRINGS, "GID", "additional group; repeatable"),
	ROW(spec.hostname, "hostname", OPT_STRING, "NAME", "host name in the container (NAME)"),
	ROW(spec.cap_add, "cap-add", OPT_STRINGS, "CAP", "add a capability or ALL; repeatable"),
	ROW(spec.cap_drop, "cap-drop", OPT_STRINGS, "CAP", "drop a capability or ALL; repeatable"),
	ROW(spec.rlimit, "rlimit", OPT_STRINGS, "NAME:SOFT[:HARD]",
	    "resource limit: a number or unlimited; repeatable"),
	ROW(spec.address, "address", OPT_STRINGS, "CIDR[@DEVICE]",
	    "service address that moves along; repeatable"),
	ROW(spec.endpoint, "endpoint", OPT_STRINGS, "URL",
	    "http, https, tcp or redis URL that must answer after a move; repeatable"),
	ROW_CHOICE(spec.strategy, "strategy", ANNOTATION_STRATEGIES,
		   "how a move carries memory over"),
	ROW_CHOICE(spec.transport, "transport", ANNOTATION_TRANSPORTS,
		   "how memory travels: via the shared directory or directly"),
	ROW_CHOICE(spec.encrypt, "encrypt", ANNOTATION_ENCRYPTS,
		   "whether memory may cross the network in the clear"),
	ROW(spec.tcp_established, "tcp-established", OPT_FLAG, NULL,
	    "a move keeps open connections"),
	ROW(spec.tcp_close, "tcp-close", OPT_FLAG, NULL,
	    "a move closes open connections on the destination"),
	ROW(spec.timeout, "timeout", OPT_COUNT, "SECONDS",
	    "how long a move waits for the endpoint"),
	ROW(spec.max_downtime_ms, "max-downtime", OPT_COUNT, "MS", "how long a move may freeze it"),
	ROW_CHOICE(spec.if_slow, "if-slow", ANNOTATION_IF_SLOWS,
		   "if the freeze of a move would be longer"),
	ROW(spec.pin, "pin", OPT_FLAG, NULL,
	    "keep it here: rebalance never moves it, drain only if told"),
	ROW(spec.group, "group", OPT_STRING, "NAME[:HOW]",
	    "members of a group: each on another host (spread), or all on one (together)"),
	ROW(spec.label, "label", OPT_STRINGS, "KEY=VALUE", "any other annotation; repeatable"),
	ROW(spec.sysctl, "sysctl", OPT_STRINGS, "KEY=VALUE",
	    "kernel parameter of the container's namespaces; repeatable"),
	ROW(spec.cgroups_path, "cgroups-path", OPT_STRING, "PATH", "cgroup of the container"),
	ROW(spec.memory, "memory", OPT_SIZE, "SIZE", "limit of memory: bytes, or with K, M, G, T"),
	ROW(spec.cpus, "cpus", OPT_STRING, "N", "limit of processor time, such as 1.5"),
	ROW(spec.pids_limit, "pids-limit", OPT_STRING, "N", "limit of processes"),
	ROW(spec.no_new_privileges, "no-new-privileges", OPT_FLAG, NULL,
	    "make set-user-ID bits and file capabilities ineffective"),
	ROW(seccomp, "seccomp", OPT_STRING, "FILE",
	    "linux.seccomp object, in place of the rule against io_uring"),
	ROW(spec.allow_io_uring, "allow-io-uring", OPT_FLAG, NULL,
	    "write no rule against io_uring, which can't move"),
	ROW(template_file, "template", OPT_STRING, "FILE",
	    "start from this config.json and change only what options say"),
	ROW(output, "output", OPT_STRING, "FILE", "write FILE instead of NAME's config.json"),
	ROW(force, "force", OPT_FLAG, NULL, "replace an existing file"),
	{.name = NULL},
};

static int read_input(const char *path, struct buf *ret, struct err *err)
{
	char chunk[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return err_errno(err, EXIT_USAGE, "can't read '%s'", path);
	while (ret->len <= INPUT_MAX && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n > 0)
			buf_add(ret, chunk, (size_t)n);
		else if (errno != EINTR)
			break;
	}
	int status = 0;
	if (n < 0)
		status = err_errno(err, EXIT_USAGE, "can't read '%s'", path);
	else if (ret->len > INPUT_MAX)
		status = err_set(err, EXIT_USAGE, "'%s' is larger than 1 MiB", path);
	(void)close(fd);
	return status;
}

static json_t *read_json(const char *option, const char *path, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	json_t *doc = NULL;

	if (read_input(path, &text, err) == 0)
		doc = json_parse(buf_str(&text), text.len, path, err);
	if (!doc)
		err_wrap(err, "--%s", option);
	return doc;
}

static int add_env_line(char *line, struct argv *env, struct err *err)
{
	size_t len = strlen(line);

	/* A value may end in blanks; the carriage return is part of the line ending. */
	if (len && line[len - 1] == '\r')
		line[len - 1] = '\0';
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return 0;
	/* "export A=1" and "A = 1" are shell syntax, which this file is not. */
	if (strcspn(line, " \t") < strcspn(line, "="))
		return err_set(err, EXIT_USAGE, "a blank before '=': '%.40s'", line);
	if (spec_check_env(line, err) < 0)
		return -1;
	argv_add(env, line);
	return 0;
}

static int read_env_file(const char *path, struct argv *env, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	size_t number = 0;

	if (read_input(path, &text, err) < 0)
		return -1;
	if (!text.len)
		return 0;
	if (memchr(text.s, '\0', text.len))
		return err_set(err, EXIT_USAGE, "'%s' has a zero byte: not a text", path);
	/* Some editors write a byte order mark at the start. */
	char *rest = text.s + (str_starts(text.s, "\xef\xbb\xbf") ? 3 : 0);
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		number++;
		if (add_env_line(line, env, err) < 0)
			return err_wrap(err, "'%s', line %zu", path, number);
	}
	return 0;
}

/* Variables from files come first, so that --env wins. */
static int merge_env(struct generate_opts *o, struct err *err)
{
	struct argv all = {0};

	for (size_t i = 0; i < o->env_file.n; i++) {
		if (read_env_file(o->env_file.v[i], &all, err) < 0) {
			argv_clear(&all);
			return err_wrap(err, "--env-file");
		}
	}
	argv_extend(&all, &o->spec.env);
	argv_clear(&o->spec.env);
	o->spec.env = all;
	return 0;
}

/* A container name longer than a host name may be sets none: the host's name is shown. */
static void default_hostname(struct generate_opts *o, const struct argv *args)
{
	if (args->n && !o->spec.hostname && !o->template_file && strlen(args->v[0]) <= HOSTNAME_LEN)
		str_set(&o->spec.hostname, args->v[0]);
}

static int build(struct generate_opts *o, bool one_line, struct buf *out, struct err *err)
{
	json_auto_t *template_json = NULL, *seccomp_json = NULL;

	if (merge_env(o, err) < 0)
		return -1;
	if (o->template_file && !(template_json = read_json("template", o->template_file, err)))
		return -1;
	if (o->seccomp && !(seccomp_json = read_json("seccomp", o->seccomp, err)))
		return -1;
	json_auto_t *doc = spec_generate(&o->spec, template_json, seccomp_json, err);
	if (!doc)
		return -1;
	spec_format(doc, one_line, out);
	return 0;
}

/* A bundle created here is removed again if config.json can't be written. */
static int write_bundle(const char *root, const char *name, bool force, const struct buf *text,
			struct err *err)
{
	CLEANUP_FREE char *directory = str_fmt("%s/%s", root, name);
	CLEANUP_FREE char *path = str_fmt("%s/config.json", directory);
	bool made = mkdir(directory, 0755) == 0;

	if (!made && errno != EEXIST) {
		err_errno(err, EXIT_FAILED, "can't create the bundle '%s'", directory);
		return err_append(err, "--bundle-root names the directory of all bundles");
	}
	int status = atomic_file_write(path, text->s, text->len, force, err);
	if (status < 0 && made)
		(void)rmdir(directory);
	return status;
}

static int generate_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	struct generate_opts *o = opts;
	int status;

	if (args->n && name_check(args->v[0], err) < 0)
		return -1;
	default_hostname(o, args);
	bool printed = !args->n && !o->output;
	if (build(o, printed && app->globals->json, &text, err) < 0)
		return -1;
	if (o->output)
		status = atomic_file_write(o->output, text.s, text.len, o->force, err);
	else if (args->n)
		status = write_bundle(app_bundle_root(app), args->v[0], o->force, &text, err);
	else
		status = fd_write_all(STDOUT_FILENO, "standard output", text.s, text.len, err);
	return status < 0 ? -1 : EXIT_DONE;
}

const struct verb verb_generate = {
	.name = "generate",
	.synopsis = "[OPTIONS] [NAME]",
	.summary = "write a container's config.json",
	.details =
		"Writes into NAME's bundle, which is created if it is missing, or to --output,\n"
		"or to standard output. An existing file is replaced only with --force.\n"
		"\n"
		"Each --args is one word: --args /usr/sbin/httpd --args -DFOREGROUND.\n"
		"A colon that belongs to a path is written \\: and OPTS are separated by commas:\n"
		"--bind /srv/a\\:b:/data:ro,rbind. Options of a --tmpfs are added to\n"
		"rw,noexec,nosuid,nodev,size=65536k or replace what they contradict.\n"
		"--cap-drop ALL comes first, then --cap-add, then the other --cap-drop.\n"
		"\n"
		"The options from --address to --group are for moves of the container. They are\n"
		"kept in its annotations, org.cmigrate.*; an option of 'move' wins over them.\n"
		"Flags for CRIU are given as --label 'org.cmigrate.criu=--file-locks'.\n",
	.opts = generate_table,
	.options_size = sizeof(struct generate_opts),
	.min_args = 0,
	.max_args = 1,
	.run = generate_run,
};
