/* SPDX-License-Identifier: MIT */
/* Tells the gate (gate.h) what to do, and lets a parked dump begin. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/session.h"
#include "gate.h"
#include "work_dir.h"

#define WORD_MAX 16

int verb_verdict(struct request *req);
int verb_dump_go(struct request *req);

/* Writes a line to the fifo at which the gate waits. flags: how it is opened. */
static int wake(const struct request *req, int flags, const char *line)
{
	CLEANUP_FREE char *path = path_in_run(req, GATE_VERDICT);
	int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t n = write(fd, line, strlen(line));
	int cause = errno;
	(void)close(fd);
	errno = cause;
	return n < 0 ? -1 : 0;
}

static bool has_gate(const struct request *req)
{
	CLEANUP_FREE char *path = path_in_run(req, GATE_VERDICT);
	struct stat st;

	return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* The first verdict stands; giving another fails. */
static int say(struct request *req, const char *op)
{
	CLEANUP_FREE char *file =
		path_in_run(req, strcmp(op, "open") == 0 ? GATE_SAY_OPEN : GATE_SAY_CLOSE);
	CLEANUP_FREE char *word = path_in_run(req, GATE_WORD);

	if (link(file, word) < 0) {
		int cause = errno;
		CLEANUP_FREE char *said = work_dir_read(req, GATE_WORD, WORD_MAX);
		errno = cause;
		if (!said)
			return request_errno(req, "can't tell the gate '%s'", op);
		const char *first = str_trim(said);
		return strcmp(first, op) == 0
			       ? 0
			       : request_fail(req, "the gate has been told '%s' already", first);
	}
	/* The fifo keeps the line only while someone has it open. The gate has it open, or looks at
	 * the file first. */
	return wake(req, O_RDWR, "woken\n") < 0 ? request_errno(req, "can't wake the gate") : 0;
}

/* After "close", when nobody of that dump is left: the gate is as new, for another. */
static int renew(struct request *req)
{
	static const char *const marks[] = {GATE_WORD, GATE_BEGAN, GATE_AT_PARKED, GATE_AT_REACHED,
					    WENT_ON};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (work_dir_remove(req, marks[i]) < 0)
			return request_errno(req, "can't remove '%s'", marks[i]);
	return 0;
}

/* After "close": ends a dump that hangs before it has begun with the container; no pass of
 * pre-copy, which may be inside of the processes. */
static int end_dump(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *session = session_path(run, SESSION_DUMP);
	CLEANUP_PIDS struct pids pids = {0};
	struct process p;

	if (!work_dir_has(req, GATE_WORD))
		return request_fail(req, "the gate has not been closed");
	if (work_dir_has(req, GATE_BEGAN))
		return request_fail(req, "criu has begun with the container");
	session_members(session, &pids);
	for (size_t i = 0; i < pids.n && work_dir_has(req, IN_PASS); i++)
		if (process_read(pids.v[i], &p) && strcmp(p.comm, "criu") == 0)
			return request_fail(req, "a pass of pre-copy is not at its end yet");
	for (size_t i = 0; i < pids.n; i++)
		(void)kill(pids.v[i], SIGKILL);
	return 0;
}

int verb_verdict(struct request *req)
{
	const char *op = request_get(req, "op");

	if (!has_gate(req))
		return 0;
	if (strcmp(op, "again") == 0)
		return renew(req);
	if (strcmp(op, "kill") == 0)
		return end_dump(req);
	if (strcmp(op, "open") != 0 && strcmp(op, "close") != 0)
		return request_fail(req, "there is no verdict '%s'", op);
	return say(req, op);
}

int verb_dump_go(struct request *req)
{
	/* For writing alone: this fails if no gate has it open. */
	if (wake(req, O_WRONLY, "go\n") == 0)
		return 0;
	return errno == ENXIO ? request_fail(req, "no dump is parked there")
			      : request_errno(req, "can't tell the parked dump to go on");
}
