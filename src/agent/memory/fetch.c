/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/network/sock_unix.h"
#include "agent/request/keeper.h"
#include "agent/request/paths.h"
#include "agent/request/session.h"
#include "agent/shared/criu_log.h"
#include "cmigrate/base/deadline.h"

/* How often to look at what has no event: whether a session lives, whether a socket listens. */
#define LOOK_MS 200
#define LISTEN_LOOK_MS 1
#define END_MS 5000
#define END_LOOK_MS 10
#define FETCH_WHY_MAX 1024

/* Tells of new names in the work directory; -1 with a message. */
static int watch_run(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, run, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0)
		return fd;
	(void)request_errno(req, "'%s'", run);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Waits for one of them, for ms at most; false: the verb has to return. */
static bool watch_wait(struct request *req, int fd, int ms)
{
	char events[4096];
	int status = request_wait(req, fd, POLLIN, ms);

	while (status == 1 && read(fd, events, sizeof(events)) > 0)
		;
	return status >= 0;
}

static int start(struct request *req)
{
	CLEANUP_FREE char *log = path_in_run(req, "pages.out");

	if (!request_has(req, "id") || request_has(req, "server") != request_has(req, "port"))
		return request_fail(req, "'fetch' needs 'id', and 'server' together with 'port'");
	return keeper_serve(req, "fetch-keeper", SESSION_FETCH, log);
}

/* Lets a keeper begin that was started before. A link needs no room on a full /run. Its text is
 * the number of images, if that is known. */
static int go(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_FETCH);
	CLEANUP_FREE char *word = path_in_run(req, FETCH_GO);
	const char *count = request_get(req, "count");
	int64_t late = deadline_in_ms(END_MS);

	/* It was asked for long before; on a slow machine it may not have been started yet. */
	while (!session_lives(record))
		if (deadline_passed(late) || !request_sleep(req, END_LOOK_MS))
			return request_fail(req, "nobody waits to fetch its memory");
	if (symlink(count ? count : "go", word) < 0 && errno != EEXIST)
		return request_errno(req, "'%s'", word);
	return 0;
}

struct listener {
	struct stat file;
	bool found;
};

static void look_at(const struct unix_sock *sock, void *ctx)
{
	struct listener *l = ctx;

	l->found = l->found || (sock->listens && sock->file == (uint32_t)l->file.st_ino);
}

/* Its name is there a moment before it listens: a restore that connected then would fail. */
static bool listens(struct request *req, const char *path)
{
	struct listener l = {0};

	if (lstat(path, &l.file) < 0 || !S_ISSOCK(l.file.st_mode))
		return false;
	return sock_list_unix(req, look_at, &l) < 0 || l.found;
}

static int fail(struct request *req, const char *what)
{
	CLEANUP_FREE char *log = path_in_run(req, "pages.log");
	CLEANUP_FREE char *why = criu_log_error(log);

	return request_fail(req, "%s%s%s", what, *why ? ": " : "", why);
}

/* The text of the link is the reason, if it is another than criu's (fetch_keeper.c). */
static int fail_early(struct request *req, const char *failed)
{
	char why[FETCH_WHY_MAX];
	ssize_t n = readlink(failed, why, sizeof(why) - 1);

	why[n > 0 ? n : 0] = '\0';
	return n <= 0 || strcmp(why, FETCH_FAILED) == 0 ? fail(req, "criu lazy-pages has ended")
							: request_fail(req, "%s", why);
}

/* Waits until what fetches memory has its socket: a restore connects to it. */
static int await_socket(struct request *req)
{
	CLEANUP_FREE char *path = path_in_run(req, "lazy-pages.socket");
	CLEANUP_FREE char *failed = path_in_run(req, FETCH_FAILED);
	struct stat st;
	int fd = watch_run(req), status = fd < 0;

	while (status == 0 && !listens(req, path)) {
		if (lstat(failed, &st) == 0)
			status = fail_early(req, failed);
		else if (!watch_wait(req, fd, access(path, F_OK) == 0 ? LISTEN_LOOK_MS : LOOK_MS))
			status = 1;
	}
	if (fd >= 0)
		(void)close(fd);
	return status;
}

/* How long a thread of the copy has waited for a page (fetch_keeper.c). */
static void say_stalls(struct request *req)
{
	CLEANUP_FREE char *path = path_in_run(req, FETCH_STALLS);
	char text[64];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n > 0)
		request_say(req, "%.*s\n", (int)n, text);
}

/* 1: it has all its memory; 0: not yet; -1 with a message. */
static int outcome(struct request *req)
{
	CLEANUP_FREE char *path = path_in_run(req, "pages.status");
	char status[16];
	ssize_t n = readlink(path, status, sizeof(status));

	if (n <= 0)
		return 0;
	if (n == 1 && *status == '0')
		return 1;
	return -fail(req, "the rest of its memory could not be fetched");
}

/* Waits until a container that was restored without its memory has all of it; fails when that can't
 * happen any more. The caller sets the deadline. */
static int await_end(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_FETCH);
	int fd = watch_run(req), result = 0;

	if (fd < 0)
		return 1;
	while ((result = outcome(req)) == 0) {
		/* It may have ended between both looks. */
		if (!session_lives(record) && (result = outcome(req)) == 0)
			result = -request_fail(req,
					       "nobody fetches the rest of its memory any more");
		if (result != 0 || !watch_wait(req, fd, LOOK_MS))
			break;
	}
	(void)close(fd);
	if (result == 1)
		say_stalls(req);
	return result != 1;
}

/* Ends what fetches or receives memory, and waits for its end. Only if no copy needs it any
 * more. */
static int end(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *fetch = session_path(run, SESSION_FETCH);
	CLEANUP_FREE char *receive = session_path(run, SESSION_RECEIVE);
	int64_t late = deadline_in_ms(END_MS);

	while (session_lives(fetch) || session_lives(receive)) {
		if (deadline_passed(late))
			return request_fail(req, "the process that fetches memory does not end");
		(void)session_signal(fetch, SIGKILL);
		(void)session_signal(receive, SIGKILL);
		if (!request_sleep(req, END_LOOK_MS))
			return 1;
	}
	return 0;
}

/* fetch op=start container id [transport] [server port] [parent], op=go container [count],
 * op=socket|wait|end container: memory that follows a container (fetch_keeper.c). */
int verb_fetch(struct request *req)
{
	static const struct {
		const char *op;
		int (*serve)(struct request *req);
	} ops[] = {{"start", start},
		   {"go", go},
		   {"socket", await_socket},
		   {"wait", await_end},
		   {"end", end}};

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (request_is(req, "op", ops[i].op))
			return ops[i].serve(req);
	return request_fail(req, "'fetch' has no such op");
}
