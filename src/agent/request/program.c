/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/proc.h"
#include "process.h"
#include "session.h"

#define OUTPUT_MAX (1024 * 1024)
#define READ_CHUNK 65536
/* Reads at a time: a program that writes without end must not keep us from the clock. OUTPUT_MAX
 * and what a pipe holds come at once. */
#define READS_MAX 64
/* SIGKILL follows SIGTERM after this time. */
#define KILL_AFTER_MS 1000
/* How often to look at a child on a kernel without pidfd_open(2): before Linux 5.3. */
#define REAP_TICK_MS 2

static char *const locale[] = {"LC_ALL=C", NULL};

int program_start(struct request *req, const struct program *program, struct child *ret)
{
	CLEANUP_ARGV struct argv env = {0};
	struct err err = ERR_INIT;
	struct proc proc;

	*ret = (struct child){-1, -1, -1, -1, -1};
	if (request_over(req))
		return PROGRAM_LATE;
	argv_add(&env, locale[0]);
	for (char *const *e = program->env; e && *e; e++)
		argv_add(&env, *e);
	if (program->session) {
		CLEANUP_FREE char *mark = session_mark(program->session);
		argv_add(&env, mark);
	}
	struct proc_spec spec = {.argv = program->argv,
				 .env = env.v,
				 .log = program->log,
				 .with_stdin = program->input || program->with_stdin,
				 .record = program->session,
				 .tied = !program->session && !program->stays,
				 .many_files = program->many_files,
				 .usual_umask = program->for_container};
	if (proc_spawn(&spec, &proc, &err) < 0) {
		int absent = errno == ENOENT;
		(void)request_fail(req, "%s", err.msg);
		return absent ? PROGRAM_ABSENT : PROGRAM_FAILED;
	}
	*ret = (struct child){proc.pid, process_pidfd(proc.pid), proc.in, proc.out, proc.err};
	return 0;
}

/* Reads what is there, a part of it from one that writes without end; at its end the descriptor is
 * closed. Bytes beyond the limit are dropped. */
static void pump(struct buf *to, int *fd)
{
	char chunk[READ_CHUNK];

	for (int reads = 0; *fd >= 0 && reads < READS_MAX; reads++) {
		ssize_t n = read(*fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fd_close(fd);
			return;
		}
		if (to && to->len < OUTPUT_MAX)
			buf_add(to, chunk, (size_t)n);
	}
}

static void feed(struct child *child, const char **input)
{
	while (child->in >= 0 && *input && **input) {
		ssize_t n = write(child->in, *input, strlen(*input));
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			*input += n;
	}
	if (child->in >= 0)
		fd_close(&child->in);
}

static bool reap(struct child *child, int *ret_status)
{
	struct proc proc = {child->pid, -1, -1, -1};

	if (!proc_reap(&proc, ret_status))
		return false;
	child->pid = -1;
	return true;
}

static void close_child(struct child *child)
{
	fd_close(&child->pidfd);
	fd_close(&child->in);
	fd_close(&child->out);
	fd_close(&child->err);
}

static void signal_session(const struct child *child, int sig)
{
	if (child->pid > 0)
		(void)kill(-child->pid, sig);
}

void program_kill(struct child *child)
{
	int status;

	signal_session(child, SIGKILL);
	while (child->pid > 0 && !reap(child, &status))
		clock_sleep_ms(1);
	close_child(child);
}

/* Ends a program whose time is over, and says so. */
static int end_late(struct request *req, struct child *child, int64_t began)
{
	int status;
	int64_t end = deadline_in_ms(KILL_AFTER_MS);

	signal_session(child, SIGTERM);
	while (child->pid > 0 && !reap(child, &status) && !deadline_passed(end))
		clock_sleep_ms(REAP_TICK_MS);
	program_kill(child);
	(void)request_fail(req, "it did not end within %.1f s",
			   (double)(clock_now_us() - began) / 1e6);
	return PROGRAM_LATE;
}

/* Waits for something to happen to a child; false when the request is over. */
static bool await(struct request *req, const struct child *child, bool feeding, int64_t end)
{
	struct pollfd fds[] = {
		{.fd = req->wake, .events = POLLIN},
		{.fd = child->pidfd, .events = POLLIN},
		{.fd = feeding ? child->in : -1, .events = POLLOUT},
		{.fd = child->out, .events = POLLIN},
		{.fd = child->err, .events = POLLIN},
	};
	if (child->pidfd < 0)
		end = deadline_min(end, deadline_in_ms(REAP_TICK_MS));
	if (request_over(req))
		return false;
	(void)poll(fds, 5, deadline_poll_ms(deadline_min(end, req->deadline)));
	return true;
}

/* A dump or restore of a move goes on then: only a controller decides. */
static bool is_abandoned(struct request *req)
{
	return request_over(req) && req->abandoned;
}

static int wait_child(struct request *req, struct child *child, const char *input, int timeout_ms,
		      struct buf *ret_out, struct buf *ret_err)
{
	int64_t began = clock_now_us(), end = timeout_ms ? deadline_in_ms(timeout_ms) : 0;
	bool feeding = input != NULL;
	int status = PROGRAM_FAILED;

	while (child->pid > 0) {
		if (feeding)
			feed(child, &input);
		pump(ret_out, &child->out);
		pump(ret_err ? ret_err : &req->err, &child->err);
		/* Others that hold the pipes are not waited for. */
		if (reap(child, &status))
			break;
		if (!await(req, child, feeding, end) || deadline_passed(end))
			return is_abandoned(req) ? PROGRAM_LATE : end_late(req, child, began);
	}
	pump(ret_out, &child->out);
	pump(ret_err ? ret_err : &req->err, &child->err);
	close_child(child);
	return status;
}

int program_wait(struct request *req, struct child *child, int timeout_ms, struct buf *ret_out,
		 struct buf *ret_err)
{
	return wait_child(req, child, NULL, timeout_ms, ret_out, ret_err);
}

int program_run(struct request *req, const struct program *program, struct buf *ret_out,
		struct buf *ret_err)
{
	struct child child;
	int status = program_start(req, program, &child);

	if (status != 0)
		return status;
	return wait_child(req, &child, program->input, program->timeout_ms, ret_out, ret_err);
}

int program_do(struct request *req, ...)
{
	CLEANUP_ARGV struct argv argv = {0};
	va_list ap;

	va_start(ap, req);
	for (const char *word; (word = va_arg(ap, const char *)) != NULL;)
		argv_add(&argv, word);
	va_end(ap);
	return program_run(req, &(struct program){.argv = argv.v}, NULL, NULL);
}

char *program_reason(const struct buf *err)
{
	return str_last_line(buf_str(err));
}

bool program_exists(const char *name)
{
	CLEANUP_ARGV struct argv dirs = {0};
	const char *path = getenv("PATH");

	argv_words(&dirs, path ? path : "/usr/sbin:/usr/bin:/sbin:/bin", ":");
	for (size_t i = 0; i < dirs.n; i++) {
		CLEANUP_FREE char *file = str_fmt("%s/%s", dirs.v[i], name);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}
