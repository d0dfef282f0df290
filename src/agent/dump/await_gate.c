/* SPDX-License-Identifier: MIT */
/* Waits for the line of a gate, or of a page server, in its fifo (gate.h). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "gate.h"

#define LINE_MAX_BYTES 64

int verb_await_gate(struct request *req);

/* Adds what is there; true once there is a whole line. */
static bool read_some(int fd, struct buf *line)
{
	char c;

	while (line->len < LINE_MAX_BYTES && read(fd, &c, 1) == 1) {
		if (c == '\n')
			return true;
		buf_add(line, &c, 1);
	}
	return line->len >= LINE_MAX_BYTES;
}

static int await_line(struct request *req, int fd, const char *op)
{
	CLEANUP_BUF struct buf line = {0};

	while (!read_some(fd, &line))
		if (request_wait(req, fd, POLLIN, -1) < 0)
			return 1;
	if (!str_starts(buf_str(&line), op))
		return request_fail(req, "the work directory has been removed");
	request_say(req, "%s\n", buf_str(&line));
	return 0;
}

int verb_await_gate(struct request *req)
{
	static const char *const ops[] = {GATE_PARKED, GATE_REACHED, GATE_SERVED};
	const char *op = request_get(req, "op");
	size_t n = 0;

	while (n < 3 && strcmp(ops[n], op) != 0)
		n++;
	if (n == 3)
		return request_fail(req, "nobody waits for '%s'", op);
	CLEANUP_FREE char *path = path_in_run(req, ops[n]);
	/* For reading and writing: opening waits for nobody, and the line can't be lost. */
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return request_errno(req, "can't open '%s'", path);
	int status = await_line(req, fd, ops[n]);
	(void)close(fd);
	return status;
}
