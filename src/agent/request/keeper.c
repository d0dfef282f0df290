/* SPDX-License-Identifier: MIT */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "paths.h"
#include "process.h"
#include "program.h"
#include "session.h"

/* The agent's own file, though that may have no name any more. */
#define SELF "/proc/self/exe"
/* SIGKILL follows SIGTERM after this time. */
#define KILL_AFTER_MS 1000
/* How often to look at a child on a kernel without pidfd_open(2). */
#define REAP_TICK_MS 20

static void leave(struct child *child)
{
	int *fds[] = {&child->pidfd, &child->in, &child->out, &child->err};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (*fds[i] >= 0)
			(void)close(*fds[i]);
}

int keeper_serve(struct request *req, const char *name, const char *kind, const char *log)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, kind);
	CLEANUP_ARGV struct argv argv = {0};
	CLEANUP_BUF struct buf out = {0};
	struct child child;

	argv_addl(&argv, SELF, name, req->root, NULL);
	argv_extend(&argv, &req->words);
	int status = program_start(
		req, &(struct program){.argv = argv.v, .log = log, .session = record}, &child);
	if (status != 0)
		return status;
	/* The pipes have room for all that it prints. */
	while (!process_has_ended(child.pid))
		if (request_wait(req, child.pidfd, POLLIN, child.pidfd < 0 ? REAP_TICK_MS : -1) <
		    0) {
			leave(&child);
			return 1;
		}
	status = program_wait(req, &child, 0, &out, NULL);
	buf_add(&req->out, out.s, out.len);
	return status;
}

void keeper_request(int argc, char **argv, struct request *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->wake = -1;
	ret->root = argc > 2 ? argv[2] : "";
	for (int i = 3; i < argc; i++)
		argv_add(&ret->words, argv[i]);
	/* The agent that reads this may have died. */
	(void)signal(SIGPIPE, SIG_IGN);
}

static void write_all(int fd, const struct buf *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->s + done, text->len - done);
		if (n < 0 && errno != EINTR)
			return;
		done += n > 0 ? (size_t)n : 0;
	}
}

int keeper_end(struct request *req, int status)
{
	write_all(STDOUT_FILENO, &req->out);
	write_all(STDERR_FILENO, &req->err);
	argv_clear(&req->words);
	buf_clear(&req->out);
	buf_clear(&req->err);
	return status;
}

static _Noreturn void become(char *const *argv, int out, const sigset_t *mask)
{
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	if (out < 0 || (dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0))
		(void)execvp(argv[0], argv);
	_exit(errno == ENOENT ? PROGRAM_ABSENT : PROGRAM_FAILED);
}

/* Waits for the end of a child, or for that moment. */
static bool ends_by(pid_t pid, const sigset_t *child_signal, int64_t end, int *ret_status)
{
	while (waitpid(pid, ret_status, WNOHANG) != pid) {
		int ms = deadline_poll_ms(end);
		struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
		if (ms == 0)
			return false;
		(void)sigtimedwait(child_signal, NULL, ms < 0 ? NULL : &time);
	}
	return true;
}

pid_t keeper_start(char *const *argv, int out)
{
	sigset_t child_signal, before;

	(void)sigemptyset(&child_signal);
	(void)sigaddset(&child_signal, SIGCHLD);
	/* keeper_wait() waits for this signal, which must not be lost before. */
	(void)sigprocmask(SIG_BLOCK, &child_signal, &before);
	pid_t pid = fork();
	if (pid == 0)
		become(argv, out, &before);
	return pid;
}

bool keeper_ends(pid_t pid, int ms, int *ret_status)
{
	sigset_t child_signal;
	int status = 0;

	(void)sigemptyset(&child_signal);
	(void)sigaddset(&child_signal, SIGCHLD);
	if (!ends_by(pid, &child_signal, ms ? deadline_in_ms(ms) : 0, &status))
		return false;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

int keeper_run(char *const *argv, int out, int ms)
{
	int status = PROGRAM_FAILED;
	pid_t pid = keeper_start(argv, out);

	if (pid < 0 || keeper_ends(pid, ms, &status))
		return status;
	(void)kill(pid, SIGTERM);
	if (!keeper_ends(pid, KILL_AFTER_MS, &status)) {
		(void)kill(pid, SIGKILL);
		(void)keeper_ends(pid, 0, &status);
	}
	return PROGRAM_LATE;
}
