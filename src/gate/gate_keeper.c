/* SPDX-License-Identifier: MIT */
#include "cmigrate/gate/gate_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "allow.h"
#include "cmigrate/base/version.h"
#include "cmigrate/host/script.h"
#include "wire.h"

/* Exit code of a shell for a missing program, or one that can't be executed. */
#define STATUS_ABSENT 127
#define STATUS_REFUSED 126
#define READ_CHUNK 65536

extern char **environ;

/* Writes one line for the caller and one to the log of this machine. */
static void report(const struct err *err)
{
	const char *from = getenv("SSH_CONNECTION");

	openlog("cmigrate", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_WARNING, "gate-keeper: %.1000s (from %.100s)", err->msg, from ? from : "here");
	closelog();
}

/* Different versions explain most refusals, so the message has both. */
static void add_versions(struct err *err)
{
	const char *theirs = getenv("CMIGRATE_VERSION");

	if (theirs && strcmp(theirs, CMIGRATE_VERSION) != 0)
		(void)err_append(err,
				 "the controller has cmigrate %.40s, this host " CMIGRATE_VERSION
				 ": install the same on both",
				 theirs);
}

static int refused(struct err *err)
{
	err->code = EXIT_REFUSED;
	add_versions(err);
	report(err);
	return err_wrap(err, "gate-keeper");
}

int gate_keeper_open(const char *bundle_root, bool *ret_again, struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};
	const char *asked = getenv("SSH_ORIGINAL_COMMAND");

	*ret_again = false;
	if (!asked) {
		(void)err_set(err, EXIT_REFUSED, "refused a shell: this key is for cmigrate alone");
		return refused(err);
	}
	if (wire_words(asked, &words, err) < 0) {
		(void)err_wrap(err, "refused");
		return refused(err);
	}
	if (allow_command(&words, bundle_root, err) < 0)
		return refused(err);
	for (size_t i = 0; i < words.n; i++) {
		char *value = strchr(words.v[i], '=');
		if (!value)
			continue;
		*value++ = '\0';
		const char *old = getenv(words.v[i]);
		if (strcmp(words.v[i], "CMIGRATE_VERSION") != 0)
			*ret_again |= !old || strcmp(old, value) != 0;
		if (setenv(words.v[i], value, 1) < 0)
			return err_errno(err, EXIT_FAILED, "gate-keeper");
	}
	/* sshd may let the other side choose the locale, but messages are parsed in English. */
	return setenv("LC_ALL", "C", 1) < 0 ? err_errno(err, EXIT_FAILED, "gate-keeper") : 0;
}

/* A file without a name that contains the text, at its start; -1 with errno. */
static int input_fd(const char *text)
{
	if (!text)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input", MFD_CLOEXEC);
	for (size_t left = strlen(text); fd >= 0 && left;) {
		ssize_t n = write(fd, text, left);
		if (n < 0 && errno != EINTR) {
			(void)close(fd);
			return -1;
		}
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

static void command_argv(const struct wire_line *line, struct argv *a)
{
	if (line->timeout_ms) {
		argv_addl(a, "timeout", "-k", "1", NULL);
		argv_addf(a, "%d.%03d", line->timeout_ms / 1000, line->timeout_ms % 1000);
	}
	argv_extend(a, &line->argv);
}

static void command_env(const struct wire_line *line, struct argv *env)
{
	for (char **e = environ; *e; e++)
		argv_add(env, *e);
	/* getenv(3) finds the first of two equal names; none of these exists already. */
	argv_extend(env, &line->env);
}

/* 0 and the child's pid, or an errno. */
static int spawn(const struct wire_line *line, int in, pid_t *ret_pid)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_ARGV struct argv env = {0};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t reset;

	command_argv(line, &a);
	command_env(line, &env);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawn_file_actions_adddup2(&files, in, 0);
	if (line->log) {
		(void)posix_spawn_file_actions_addopen(
			&files, 1, line->log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
		(void)posix_spawn_file_actions_adddup2(&files, 1, 2);
	}
	/* This program ignores SIGPIPE; the child must have the default. */
	(void)sigemptyset(&reset);
	(void)sigaddset(&reset, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attr, &reset);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	int cause = posix_spawnp(ret_pid, a.v[0], &files, &attr, a.v, env.v);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	return cause;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Returns the exit code, in a shell's numbers. */
static int run(const struct wire_line *line)
{
	int in = input_fd(line->input), cause = in < 0 ? errno : 0;
	pid_t pid = -1;

	if (!cause)
		cause = spawn(line, in, &pid);
	if (in >= 0)
		(void)close(in);
	if (!cause)
		return wait_for(pid);
	(void)dprintf(STDERR_FILENO, "%s: %s\n", line->argv.v[0], strerror(cause));
	return cause == ENOENT ? STATUS_ABSENT : STATUS_REFUSED;
}

/* Replaces this process; returns only on failure. */
static int take_over(const struct wire_line *line, struct err *err)
{
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execvp(line->argv.v[0], line->argv.v);
	return err_errno(err, EXIT_FAILED, "gate-keeper: can't start '%s'", line->argv.v[0]);
}

/* Writes the marks for channel_result(). -1: nobody reads them any more. */
static int mark(const struct wire_line *line, int status)
{
	return dprintf(STDOUT_FILENO, "\n%s %d\n", line->nonce, status) < 0 ||
			       dprintf(STDERR_FILENO, "\n%s\n", line->nonce) < 0
		       ? -1
		       : 0;
}

static int serve_line(const struct wire_line *line, const char *bundle_root, struct err *err)
{
	struct err why = ERR_INIT;
	int status = STATUS_REFUSED;

	if (allow_line(line, bundle_root, &why) < 0) {
		(void)refused(&why);
		if (line->takes_over) {
			*err = why;
			return -1;
		}
		(void)dprintf(STDERR_FILENO, "%s\n", why.msg);
	} else if (line->takes_over) {
		return take_over(line, err);
	} else {
		status = run(line);
	}
	if (mark(line, status) < 0)
		return err_errno(err, EXIT_FAILED, "gate-keeper: the connection is gone");
	return 0;
}

/* Runs the whole commands at the start of a text and removes them from it. */
static int serve_text(struct buf *text, const char *bundle_root, struct err *err)
{
	while (text->len) {
		CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
		size_t used = 0;
		enum wire_state state = wire_parse(text->s, text->len, &line, &used, err);
		if (state == WIRE_PARTIAL)
			return 0;
		if (state == WIRE_BAD) {
			(void)err_wrap(err, "refused");
			return refused(err);
		}
		buf_consume(text, used);
		if (serve_line(&line, bundle_root, err) < 0)
			return -1;
	}
	return 0;
}

int gate_keeper_serve(const char *bundle_root, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	char *chunk = mem_new(1, READ_CHUNK);
	int status = 0;

	while (status == 0) {
		ssize_t n = read(STDIN_FILENO, chunk, READ_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			status = err_errno(err, EXIT_FAILED, "gate-keeper: standard input");
		if (n <= 0)
			break;
		buf_add(&text, chunk, (size_t)n);
		status = serve_text(&text, bundle_root, err);
	}
	free(chunk);
	return status;
}
