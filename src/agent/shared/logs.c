/* SPDX-License-Identifier: MIT */
/* logs: the logs of runc and CRIU in the work directory of a move. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/request.h"
#include "cmigrate/base/proc.h"
#include "state_file.h"

/* A log has the first error of a failed run at its end. */
#define LINES_MAX 400
#define TAIL_MAX (256 * 1024)

static bool is_log(const char *name)
{
	const char *dot = strrchr(name, '.');

	return *name != '.' && dot && (strcmp(dot, ".log") == 0 || strcmp(dot, ".out") == 0);
}

static int copy(struct request *req, int from, int to)
{
	char chunk[65536];

	while (!request_over(req)) {
		ssize_t n = read(from, chunk, sizeof(chunk));
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0 && write_whole(to, chunk, (size_t)n) < 0)
			return -1;
	}
	errno = ECANCELED;
	return -1;
}

/* Named after this host. */
static int keep(struct request *req, int run, const char *name, int directory)
{
	struct utsname uts;
	int from = state_file_open(run, name, O_RDONLY);

	if (from < 0)
		return errno == EINVAL || errno == ELOOP || errno == ENOENT ? 0 : -1;
	CLEANUP_FREE char *own = str_fmt("%s.%s", uname(&uts) == 0 ? uts.nodename : "", name);
	int to = state_file_open(directory, own, O_WRONLY | O_CREAT | O_TRUNC);
	int status = to < 0 || copy(req, from, to) < 0 ? -1 : 0;
	int saved = errno;
	fd_close(&from);
	fd_close(&to);
	errno = saved;
	return status;
}

static int keep_all(struct request *req, DIR *run, const char *path)
{
	CLEANUP_FREE char *state = path_state(req);
	int above = state_dir_open(state, true);
	int directory = above < 0 ? -1 : state_dir_open(path, true);
	int status = 0;

	if (directory < 0)
		status = request_errno(req, "'%s'", path);
	for (struct dirent *e; status == 0 && (e = readdir(run));)
		if (is_log(e->d_name) && keep(req, dirfd(run), e->d_name, directory) < 0)
			status = request_errno(req, "can't keep '%s' in '%s'", e->d_name, path);
	fd_close(&directory);
	fd_close(&above);
	return status;
}

/* Keeps them in the shared directory. */
int verb_logs(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *state = path_state(req);
	CLEANUP_FREE char *path = str_fmt("%s/logs-%s", state, request_get(req, "id"));
	DIR *dir = opendir(run);

	if (!dir)
		return errno == ENOENT ? 0 : request_errno(req, "'%s'", run);
	int status = keep_all(req, dir, path);
	(void)closedir(dir);
	return status;
}

static void say_errors(struct request *req, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	for (int lines = 0; lines < LINES_MAX && !request_over(req);) {
		n = getline(&line, &size, f);
		if (n < 0)
			break;
		if (!memmem(line, (size_t)n, "Error (", strlen("Error (")))
			continue;
		buf_add(&req->out, line, (size_t)n);
		lines++;
	}
	free(line);
}

/* The start of the last LINES_MAX lines. */
static size_t last_lines(const struct buf *text)
{
	size_t at = text->len;

	for (int lines = 0; at > 0; at--) {
		bool is_end = text->s[at - 1] == '\n' && at < text->len;
		if (is_end && ++lines == LINES_MAX)
			break;
	}
	return at;
}

static int say_tail(struct request *req, int fd)
{
	CLEANUP_BUF struct buf text = {0};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_size > TAIL_MAX && lseek(fd, st.st_size - TAIL_MAX, SEEK_SET) < 0)
		return -1;
	if (read_rest(fd, TAIL_MAX, &text) < 0)
		return -1;
	size_t at = last_lines(&text);
	if (text.s)
		buf_add(&req->out, text.s + at, text.len - at);
	return 0;
}

static int say_log(struct request *req, int fd, bool errors)
{
	if (!errors)
		return say_tail(req, fd);
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *f = own < 0 ? NULL : fdopen(own, "r");
	if (!f) {
		fd_close(&own);
		return -1;
	}
	say_errors(req, f);
	(void)fclose(f);
	return 0;
}

static bool is_kind(const struct request *req)
{
	return request_is(req, "kind", "dump") || request_is(req, "kind", "restore") ||
	       request_is(req, "kind", "pages");
}

/* op=errors: the lines of CRIU's log with an error; op=tail: the end of what runc has said. */
int verb_log(struct request *req)
{
	bool errors = request_is(req, "op", "errors");

	if ((!errors && !request_is(req, "op", "tail")) || !is_kind(req))
		return request_fail(req, "there is no such log");
	CLEANUP_FREE char *file =
		str_fmt("%s.%s", request_get(req, "kind"), errors ? "log" : "out");
	CLEANUP_FREE char *path = path_in_run(req, file);
	int fd = state_file_open(AT_FDCWD, path, O_RDONLY);
	int status = fd < 0 || say_log(req, fd, errors) < 0 ? request_errno(req, "'%s'", path) : 0;
	fd_close(&fd);
	return status;
}
