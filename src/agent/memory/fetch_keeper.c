/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/runc_state.h"
#include "agent/request/keeper.h"
#include "agent/request/paths.h"
#include "agent/request/session.h"
#include "cmigrate/base/deadline.h"

#define KILL_AGAIN_MS 20

/* True if there is a copy: it has been killed. runc knows the pid at the end of the restore. */
static bool kill_copy(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};
	CLEANUP_FREE char *bundle = path_bundle(req);

	if (runc_state_read(req, request_get(req, "container"), &state) < 0 || state.pid <= 0)
		return false;
	/* Another container of that name is none of ours. */
	if (!runc_state_is_foreign(&state, bundle))
		(void)kill(state.pid, SIGKILL);
	return true;
}

/* The container would read missing pages as zeros from now on. */
static void end_copy(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_RESTORE);

	/* A restore that has ended between both looks has left its copy by the second one. */
	while (!kill_copy(req)) {
		if (!session_lives(record)) {
			(void)kill_copy(req);
			return;
		}
		clock_sleep_ms(KILL_AGAIN_MS);
	}
}

/* A link, because a reader reads it as soon as it sees it, and /run may be full. */
static int note_status(struct request *req, int status)
{
	CLEANUP_FREE char *path = path_in_run(req, "pages.status");
	CLEANUP_FREE char *text = str_fmt("%d", status);

	if ((unlink(path) < 0 && errno != ENOENT) || symlink(text, path) < 0)
		return request_errno(req, "'%s'", path);
	return status;
}

/* Tells of what comes into the work directory, and of its end: in the directory above, because a
 * directory that is removed is told of only when no file of it is open any more. */
static int watch(const char *run)
{
	CLEANUP_FREE char *above = str_dupn(run, (size_t)(strrchr(run, '/') - run));
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd >= 0 && inotify_add_watch(fd, above, IN_DELETE | IN_ONLYDIR) >= 0 &&
	    inotify_add_watch(fd, run, IN_CREATE | IN_ONLYDIR) >= 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Waits for the word to begin. False: there is none any more, because the work directory is gone.
 * Another move of the container has another one of that name: its word is not for this keeper,
 * which would end its copy. */
static bool is_let_go(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	char events[4096];
	struct stat st;
	int dir = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = watch(run);
	bool goes = false, more = fd >= 0;

	while (more && !goes) {
		goes = fstatat(dir, FETCH_GO, &st, AT_SYMLINK_NOFOLLOW) == 0;
		more = goes || (fstat(dir, &st) == 0 && st.st_nlink > 0 &&
				read(fd, events, sizeof(events)) > 0);
	}
	if (fd >= 0)
		(void)close(fd);
	if (dir >= 0)
		(void)close(dir);
	return goes;
}

/*
 * Fetches the memory of a container that is restored without it from the page server at `server`
 * and `port`, first the pages that the container touches. The outcome is in RUN/pages.status,
 * where a copy whose memory can't come any more has been killed before. It waits for the word to
 * begin (op=go), so that the agent starts nothing while the container is frozen; it ends with the
 * work directory if that never comes.
 */
int fetch_keeper(int argc, char **argv)
{
	struct request req;
	CLEANUP_ARGV struct argv criu = {0};

	keeper_request(argc, argv, &req);
	CLEANUP_FREE char *run = path_run(&req);
	CLEANUP_FREE char *images = path_images(&req);
	argv_addl(&criu, "criu", "lazy-pages", "--page-server", "--address",
		  request_get(&req, "server"), "--port", request_get(&req, "port"), "--images-dir",
		  images, "--work-dir", run, "--log-file", "pages.log", "-v2", NULL);
	if (!is_let_go(&req))
		return keeper_end(&req, 1);
	int status = keeper_run(criu.v, -1, 0);
	if (status != 0)
		end_copy(&req);
	return keeper_end(&req, note_status(&req, status));
}
