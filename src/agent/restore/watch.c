/* SPDX-License-Identifier: MIT */
/*
 * watch: reads CRIU's log of a restore until the processes run, says "resumed", and ends; or until
 * the log shows a failure, which it prints; or until the work directory is gone. runc ends some
 * milliseconds after the processes run, and takes 10 s to report a restore that failed at once, a
 * pages image that is too short makes CRIU repeat one line for ever, 50 MB a second, and CRIU waits
 * for a file lock that another process holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/session.h"
#include "cmigrate/base/deadline.h"

#define LOG_MAX 200000000
/* A log of this size may be one that repeats itself. */
#define LOG_LONG 2000000
#define REPEATS "returned 0\n"
#define REPEATS_LINES 200
#define REPEATS_MIN 50
#define FAILED "Restoring FAILED"
/* The end of the line that CRIU writes once the processes run. Its last lines follow that one. */
#define RESUMED "Tasks resumed.\n"
/* CRIU has said nothing for so long: it may wait for a lock. */
#define QUIET_MS 2000
/*
 * CRIU's log is looked at when a file comes or goes in the work directory: CRIU makes its
 * statistics just after the line that says that the processes run, and removes its mounts just
 * after the one that says that it failed. It writes hundreds of lines before that, and to look at
 * each would take the processor from it. The other looks are for whatever else is to be seen.
 */
#define LOOK_MS 250

struct watch {
	char *run, *log, *record;
	int notify;
	bool begun; /* there is a log */
	off_t size;
	int64_t quiet_since;
};

/* The last bytes of the log. Owned by the caller. */
static char *tail(const struct watch *watch, size_t max)
{
	char *text = mem_new(max + 1, 1);
	int fd = open(watch->log, O_RDONLY | O_CLOEXEC);
	off_t from = watch->size > (off_t)max ? watch->size - (off_t)max : 0;

	if (fd >= 0) {
		ssize_t n = pread(fd, text, max, from);
		text[n < 0 ? 0 : n] = '\0';
		close(fd);
	}
	return text;
}

/* It reads from the end of a file over and over. Many equal lines of other kinds belong to a large
 * memory. */
static bool repeats(const struct watch *watch)
{
	unsigned lines = 0, equal = 0;

	if (watch->size <= LOG_LONG)
		return false;
	CLEANUP_FREE char *text = tail(watch, (size_t)REPEATS_LINES * 200);
	char *end = text + strlen(text);
	while (end > text && lines++ < REPEATS_LINES) {
		char *line = end - 1;
		while (line > text && line[-1] != '\n')
			line--;
		size_t len = (size_t)(end - line), want = strlen(REPEATS);
		equal += len >= want && memcmp(end - want, REPEATS, want) == 0;
		end = line;
	}
	return equal > REPEATS_MIN;
}

/* It is in flock or fcntl, which only a lock makes wait, or its open waits for a lease. */
static bool is_in_lock(pid_t pid)
{
	CLEANUP_FREE char *call = process_file(pid, "syscall", 256, NULL);
	CLEANUP_FREE char *place = process_file(pid, "wchan", 256, NULL);
	char *end = call;
	long number = call ? strtol(call, &end, 10) : -1;

	return (call && end != call && (number == SYS_flock || number == SYS_fcntl)) ||
	       (place && strstr(place, "lease"));
}

static bool waits_for_lock(const struct watch *watch)
{
	CLEANUP_PIDS struct pids members = {0};

	session_members(watch->record, &members);
	for (size_t i = 0; i < members.n; i++)
		if (is_in_lock(members.v[i]))
			return true;
	return false;
}

/* Whether the watch is at its end, because the restore has failed or there is nothing to watch. */
static bool look(struct request *req, struct watch *watch)
{
	struct stat st;
	off_t before = watch->size;

	if (access(watch->run, F_OK) < 0)
		return true;
	watch->begun = stat(watch->log, &st) == 0;
	watch->size = watch->begun ? st.st_size : 0;
	if (watch->size != before)
		watch->quiet_since = clock_now_us();
	if (!watch->size)
		return false;
	if (watch->size > LOG_MAX || repeats(watch)) {
		(void)!truncate(watch->log, 0);
		request_say(req, "criu repeats itself without end: an image is shorter than it "
				 "should be\n");
		return true;
	}
	CLEANUP_FREE char *last = tail(watch, 300);
	bool resumed = strstr(last, RESUMED) != NULL;
	if (resumed)
		request_say(req, "resumed\n");
	if (resumed || strstr(last, FAILED))
		return true;
	if (clock_now_us() - watch->quiet_since < (int64_t)QUIET_MS * 1000)
		return false;
	watch->quiet_since = clock_now_us();
	if (!waits_for_lock(watch))
		return false;
	request_say(req, "criu waits for a lock on a file that another process holds; try again\n");
	return true;
}

static void drain(int notify)
{
	char events[4096];

	while (read(notify, events, sizeof(events)) > 0)
		;
}

/* False: the verb has to return. */
static bool await_change(struct request *req, const struct watch *watch)
{
	int status = request_wait(req, watch->notify, POLLIN, watch->begun ? LOOK_MS : -1);

	if (status == 1)
		drain(watch->notify);
	return status >= 0;
}

static int watch_log(struct request *req, struct watch *watch)
{
	const uint32_t changes =
		IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

	if (inotify_add_watch(watch->notify, watch->run, changes) < 0)
		return errno == ENOENT ? 0 : request_errno(req, "can't watch '%s'", watch->run);
	while (!look(req, watch))
		if (!await_change(req, watch))
			return 1;
	return 0;
}

int verb_watch(struct request *req)
{
	struct watch watch = {.run = path_run(req),
			      .log = path_in_run(req, "restore.log"),
			      .quiet_since = clock_now_us(),
			      .notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
	int status;

	watch.record = session_path(watch.run, SESSION_RESTORE);
	status = watch.notify < 0 ? request_errno(req, "can't watch '%s'", watch.run)
				  : watch_log(req, &watch);
	/* The kernel takes 10 ms to close it. */
	if (watch.notify >= 0)
		request_close_later(req, watch.notify);
	free(watch.run);
	free(watch.log);
	free(watch.record);
	return status;
}
