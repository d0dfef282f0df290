/* SPDX-License-Identifier: MIT */
/*
 * restore_park: a started restore goes as far as it can without images. criu opens its
 * configuration file before anything else, and in this restore that is a fifo. The open of runc's
 * version check is served (park), and the next open waits until the same text is written again
 * (restore-go). The container is frozen after that one has come: until then runc is busy.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/request/held.h"
#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/session.h"
#include "agent/request/text_file.h"
#include "cmigrate/base/deadline.h"
#include "restore.h"
#include "restore_files.h"

#define CONF_MAX (1024 * 1024)
/* For runc to start, and to ask for CRIU's version. */
#define PARK_MS 5000
/* Nothing tells that a reader has come to a fifo. */
#define TICK_MS 2
/* For runc to get from its version check to the restore. A restore that is later is no failure. */
#define SETTLE_MS 3000
#define KILL_ROUNDS 20
#define KILL_ROUND_MS 50

int restore_mark(const char *run, const char *mark)
{
	CLEANUP_FREE char *conf = str_fmt("%s/criu.conf", run);
	CLEANUP_FREE char *path = str_fmt("%s/%s", run, mark);

	return link(conf, path) < 0 && errno != EEXIST ? -1 : 0;
}

int restore_unmark(const char *run, const char *mark)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", run, mark);

	return unlink(path) < 0 && errno != ENOENT ? -1 : 0;
}

static bool is_marked(const char *run, const char *mark)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", run, mark);

	return access(path, F_OK) == 0;
}

/* Fails with ENXIO while nobody waits there. */
static int open_fifo(const char *run)
{
	CLEANUP_FREE char *fifo = str_fmt("%s/" RESTORE_FIFO, run);

	return open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

/* Writes CRIU's configuration there, and closes it: then the reader is at its end. */
static int serve(struct request *req, const char *run, int fifo)
{
	CLEANUP_FREE char *path = str_fmt("%s/criu.conf", run);
	size_t len = 0;
	CLEANUP_FREE char *text = text_file_read_at(AT_FDCWD, path, CONF_MAX, &len);
	/* A fifo takes a text of this size as a whole, or the reader takes it out. */
	for (size_t done = 0; text && done < len;) {
		ssize_t n = write(fifo, text + done, len - done);
		if (n > 0)
			done += (size_t)n;
		else if (errno == EAGAIN && request_wait(req, fifo, POLLOUT, -1) == 1)
			continue;
		else if (errno != EINTR) {
			free(text);
			text = NULL;
		}
	}
	int status = text ? 0 : request_errno(req, "can't pass on '%s'", path);
	close(fifo);
	return status;
}

/* Waits for criu to open it; -1 with a message. */
static int await_reader(struct request *req, const char *run)
{
	const int64_t end = deadline_in_ms(PARK_MS);
	int fifo;

	while ((fifo = open_fifo(run)) < 0) {
		if (errno != ENXIO)
			(void)request_errno(req, "can't open '%s/" RESTORE_FIFO "'", run);
		else if (is_marked(run, RESTORE_ENDED))
			(void)request_fail(req, "the restore has ended");
		else if (deadline_passed(end) || !request_sleep(req, TICK_MS))
			(void)request_fail(req, "criu does not read its configuration");
		else
			continue;
		return -1;
	}
	return fifo;
}

/* It waits in an open: criu opens nothing else that makes it wait. */
static bool is_in_open(pid_t pid)
{
	CLEANUP_FREE char *call = process_file(pid, "syscall", 256, NULL);
	char *end = call;
	const long number = call ? strtol(call, &end, 10) : -1;

#ifdef SYS_open
	if (number == SYS_open && end != call)
		return true;
#endif
	return number == SYS_openat;
}

/* A process of the restore that waits in an open, other than this one; 0: there is none. */
static pid_t waits_in_open(const char *run, pid_t other)
{
	CLEANUP_FREE char *record = session_path(run, SESSION_RESTORE);
	CLEANUP_PIDS struct pids members = {0};

	session_members(record, &members);
	for (size_t i = 0; i < members.n; i++)
		if (members.v[i] != other && is_in_open(members.v[i]))
			return members.v[i];
	return 0;
}

/* first: the criu of the version check, which may not have noticed yet that it was served. */
static void await_rest(struct request *req, const char *run, pid_t first)
{
	const int64_t end = deadline_in_ms(SETTLE_MS);

	while (!waits_in_open(run, first) && !is_marked(run, RESTORE_ENDED) &&
	       !deadline_passed(end) && request_sleep(req, TICK_MS))
		;
}

int verb_park(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	int fifo = await_reader(req, run);

	if (fifo < 0)
		return 1;
	const pid_t first = waits_in_open(run, 0);
	if (serve(req, run, fifo) != 0)
		return 1;
	await_rest(req, run, first);
	return 0;
}

/* Nothing is started for it: the container is frozen. */
int verb_restore_go(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	int fifo = await_reader(req, run);

	if (fifo < 0)
		return 1;
	/* From here on criu goes on, whatever becomes of us. Whoever finds no note may end it. */
	(void)restore_mark(run, RESTORE_WENT);
	return serve(req, run, fifo);
}

/* The log of a restore that did not park, so that it isn't mistaken for the next one's. */
int verb_forget_restore(struct request *req)
{
	static const char *const logs[] = {"restore.log", "restore.out", RESTORE_ENDED};

	for (size_t i = 0; i < 3; i++) {
		CLEANUP_FREE char *log = path_in_run(req, logs[i]);
		if (unlink(log) < 0 && errno != ENOENT)
			return request_errno(req, "can't remove '%s'", log);
	}
	return 0;
}

static void find_members(struct pids *ret, void *record)
{
	session_members(record, ret);
}

static int end_session(struct request *req, char *record)
{
	CLEANUP_HELD struct held held = {0};

	for (int i = 0; i < KILL_ROUNDS; i++) {
		held_find(&held, find_members, record);
		if (!held.n)
			return 0;
		held_kill(&held, NULL);
		if (!held_wait(req, &held, KILL_ROUND_MS) && request_over(req))
			break;
	}
	return request_fail(req, "the parked restore of '%s' does not end",
			    request_get(req, "container"));
}

int restore_end_parked(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_RESTORE);
	int fifo = -1, status = 0;

	/*
	 * Whoever was to say the word may have ended between the note and the word: then criu waits
	 * at the fifo. While the fifo is open here, criu reads on and does not go on without a
	 * configuration.
	 */
	if (is_marked(run, RESTORE_WENT))
		fifo = open_fifo(run);
	if (fifo >= 0 || !is_marked(run, RESTORE_WENT))
		status = end_session(req, record);
	if (fifo >= 0)
		close(fifo);
	return status;
}
