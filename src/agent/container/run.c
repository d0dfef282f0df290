/* SPDX-License-Identifier: MIT */
/*
 * Starts a container detached. It inherits runc's standard descriptors, /dev/null, because CRIU can
 * dump neither a file nor a terminal of the host. runc writes its messages to a log: its last lines
 * are those of a request that fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/program.h"

#define RUN_ROOT "/run/cmigrate"
#define LOG_LINES 20
#define LOG_MAX 65536
#define TRIES 8

int verb_run(struct request *req);

/* Makes an empty log; NULL with errno. Another cmigrate that ends may remove the directory while it
 * is empty. */
static char *make_log(const char *container)
{
	for (int i = 0; i < TRIES; i++) {
		/* No container's name has an @: this is no work directory. */
		char *path = str_fmt(RUN_ROOT "/run@%s.XXXXXX", container);
		int fd = mkdir(RUN_ROOT, 0700) == 0 || errno == EEXIST ? mkostemp(path, O_CLOEXEC)
								       : -1;
		if (fd >= 0) {
			(void)close(fd);
			return path;
		}
		str_free_p(&path);
		if (errno != ENOENT)
			break;
	}
	return NULL;
}

/* Adds the last lines of the log to the messages. */
static void tell_log(struct request *req, const char *path)
{
	CLEANUP_FREE char *text = mem_new(1, LOG_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0)
		n = pread(fd, text, LOG_MAX, st.st_size > LOG_MAX ? st.st_size - LOG_MAX : 0);
	if (fd >= 0)
		(void)close(fd);
	if (n <= 0)
		return;
	const char *from = text + n;
	for (int lines = 0; from > text; from--)
		if (from[-1] == '\n' && from < text + n && ++lines == LOG_LINES)
			break;
	buf_puts(&req->err, from);
}

int verb_run(struct request *req)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_ARGV struct argv argv = {0};

	if (!program_exists("runc"))
		return request_fail(req, "there is no 'runc': install runc 1.1 or newer there");
	CLEANUP_FREE char *log = make_log(request_get(req, "container"));
	if (!log)
		return request_errno(req, "can't make a log in '" RUN_ROOT "'");
	argv_addl(&argv, "runc", "--log", log, "--log-format", "json", "run", "--detach",
		  "--bundle", bundle, request_get(req, "container"), NULL);
	/* It goes on after the end of the connection: no container is left half started. */
	int status = program_run(
		req,
		&(struct program){
			.argv = argv.v, .log = "/dev/null", .stays = true, .for_container = true},
		NULL, NULL);
	if (status != 0)
		tell_log(req, log);
	(void)unlink(log);
	(void)rmdir(RUN_ROOT);
	return status;
}
