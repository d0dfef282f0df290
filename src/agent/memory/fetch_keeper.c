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
#include "stalls.h"
#include "tunnel.h"

#define KILL_AGAIN_MS 20
/* CRIU's configuration file. */
#define FETCH_FIFO "fetch.conf"
/* For criu to start; nothing tells that a reader has come to a fifo. */
#define READS_MS 5000
#define READS_LOOK_MS 2
/* A look at the threads is followed by so many times its duration without one. */
#define LOOK_REST 20

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

/* Whoever waits for the socket to start a restore hears of it while no copy is to be ended yet. */
static void note_failure(struct request *req)
{
	CLEANUP_FREE char *path = path_in_run(req, FETCH_FAILED);

	(void)!symlink("failed", path);
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

/* Tells of what comes into the work directory, and of its end: in the directory above, because the
 * kernel reports a removed directory only when no file of it is open any more. */
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
 * The kernel is to end something else when it lacks memory: without this program a copy reads
 * missing pages as zeros. A host may not allow it, and then it is a candidate as any other.
 */
static void protect(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "-1000", 5);
	(void)close(fd);
}

/* server: the tunnel's end, or -1. */
static void make_command(struct request *req, int server, struct argv *criu)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *images = request_is(req, "transport", "direct")
					    ? path_in_run(req, "pages")
					    : path_images(req);

	argv_addl(criu, "criu", "lazy-pages", "--images-dir", images, "--work-dir", run,
		  "--log-file", "pages.log", "-v2", NULL);
	if (request_has(req, "server"))
		argv_addl(criu, "--page-server", "--address", request_get(req, "server"), "--port",
			  request_get(req, "port"), NULL);
	if (server < 0)
		return;
	argv_addl(criu, "--page-server", "--ps-socket", NULL);
	argv_addf(criu, "%d", server);
}

/* criu alone has the tunnel's end afterwards. */
static pid_t start_criu(struct request *req)
{
	const bool by_tunnel = request_is(req, "transport", "tunnel");
	CLEANUP_ARGV struct argv criu = {0};
	int server = by_tunnel ? tunnel_connect(req) : -1;

	make_command(req, server, &criu);
	pid_t pid = by_tunnel && server < 0 ? -1 : keeper_start(criu.v, -1);
	if (server >= 0)
		(void)close(server);
	return pid;
}

/* criu opens its configuration, the fifo, before anything else, and goes on when it has read the
 * end of that. False: it has ended with that status, or it doesn't read. */
static bool let_on(pid_t pid, const char *fifo, int *ret_status)
{
	const int64_t late = deadline_in_ms(READS_MS);
	int fd;

	while ((fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
		bool reads_later = errno == ENXIO;
		if (keeper_ends(pid, READS_LOOK_MS, ret_status))
			return false;
		if (!reads_later || deadline_passed(late)) {
			(void)kill(pid, SIGKILL);
			(void)keeper_ends(pid, 0, ret_status);
			return false;
		}
	}
	(void)close(fd);
	return true;
}

/* "LONGEST TIMES": how long a thread was seen to wait for a page, in ms, and how often threads were
 * made to ask again. */
static void note_stalls(struct request *req, const struct stalls *stalls)
{
	CLEANUP_FREE char *path = path_in_run(req, FETCH_STALLS);
	CLEANUP_FREE char *text =
		str_fmt("%lld %u", (long long)stalls->longest_us / 1000, stalls->n_asked);

	(void)!symlink(text, path);
}

static int fetch(struct request *req, pid_t pid)
{
	struct stalls stalls = {0};
	int status = 1, pause_ms = STALLS_LOOK_MS;

	while (!keeper_ends(pid, pause_ms, &status)) {
		int64_t began = clock_now_us();
		stalls_look(req, &stalls);
		/* Where there are thousands of threads, most of the time is still theirs. */
		int64_t rest_ms = (clock_now_us() - began) * LOOK_REST / 1000;
		pause_ms = rest_ms > STALLS_LOOK_MS ? (int)rest_ms : STALLS_LOOK_MS;
		/* A copy that isn't there yet is no failure. */
		buf_clear(&req->err);
	}
	note_stalls(req, &stalls);
	stalls_clear(&stalls);
	return status;
}

/*
 * Fetches the memory of a container that is restored without it, first the pages that the container
 * touches: from the page server at `server` and `port`, by the tunnel of the move
 * (transport=tunnel), or without those from the images that are here. The outcome is in
 * RUN/pages.status, where a copy whose memory can't come any more has been killed before. criu is
 * started at once and waits at its configuration file for the word to begin (op=go), so that
 * nothing is started while the container is frozen. It ends with the work directory if that word
 * never comes.
 */
int fetch_keeper(int argc, char **argv)
{
	struct request req;
	int status = 1;

	keeper_request(argc, argv, &req);
	CLEANUP_FREE char *fifo = path_in_run(&req, FETCH_FIFO);
	if ((mkfifo(fifo, 0600) < 0 && errno != EEXIST) || setenv("CRIU_CONFIG_FILE", fifo, 1) < 0)
		return keeper_end(&req, request_errno(&req, "can't make '%s'", fifo));
	protect();
	pid_t pid = start_criu(&req);
	if (!is_let_go(&req)) {
		if (pid > 0)
			(void)kill(pid, SIGKILL);
		return keeper_end(&req, 1);
	}
	if (pid > 0 && let_on(pid, fifo, &status))
		status = fetch(&req, pid);
	else if (status == 0)
		status = 1;
	if (status != 0) {
		note_failure(&req);
		end_copy(&req);
	}
	return keeper_end(&req, note_status(&req, status));
}
