/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/runc_state.h"
#include "agent/request/keeper.h"
#include "agent/request/paths.h"
#include "agent/request/session.h"
#include "cmigrate/base/deadline.h"
#include "page_source.h"
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
/* The word to begin: a number, or none. */
#define WORD_SIZE 32

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

/* A request that waits for the socket hears of it, and of the reason if criu is not to blame,
 * while no copy is to be ended yet. */
static void note_failure(struct request *req)
{
	CLEANUP_FREE char *path = path_in_run(req, FETCH_FAILED);
	CLEANUP_FREE char *why = str_last_line(buf_str(&req->err));

	(void)!symlink(*why ? why : FETCH_FAILED, path);
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

/* Waits for the word to begin, and copies it. False: there is none any more, because the work
 * directory is gone. Another move of the container has another one of that name: its word is not
 * for this keeper, which would end its copy. */
static bool is_let_go(struct request *req, char word[WORD_SIZE])
{
	CLEANUP_FREE char *run = path_run(req);
	char events[4096];
	struct stat st;
	int dir = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = watch(run);
	bool goes = false, more = fd >= 0;

	while (more && !goes) {
		ssize_t len = readlinkat(dir, FETCH_GO, word, WORD_SIZE - 1);
		goes = len > 0;
		word[goes ? len : 0] = '\0';
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

static void make_command(struct request *req, const struct page_source *source, struct argv *criu)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *images = path_restored(req);

	/* It warns at each request that a socket which it has inherited is none of TCP. */
	argv_addl(criu, "criu", "lazy-pages", "--images-dir", images, "--work-dir", run,
		  "--log-file", "pages.log", source->client < 0 ? "-v2" : "-v1", NULL);
	if (request_has(req, "server"))
		argv_addl(criu, "--page-server", "--address", request_get(req, "server"), "--port",
			  request_get(req, "port"), NULL);
	if (source->client < 0)
		return;
	argv_addl(criu, "--page-server", "--ps-socket", NULL);
	argv_addf(criu, "%d", source->client);
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

/* For ms at most. A criu that is served has not ended. */
static bool ends(pid_t pid, struct page_source *source, int ms, int *ret_status)
{
	return !page_source_serve(source, ms) && keeper_ends(pid, ms, ret_status);
}

static int fetch(struct request *req, pid_t pid, struct page_source *source)
{
	struct stalls stalls = {0};
	int status = 1, pause_ms = STALLS_LOOK_MS;

	while (!ends(pid, source, pause_ms, &status)) {
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

/* criu, which has begun, reads them only after this. */
static bool makes_images(struct request *req, const char *word, struct page_source *source)
{
	return !request_has(req, "parent") ||
	       flat_images_make(req, strtoull(word, NULL, 10), &source->images) == 0;
}

/* Once there is the word. The status of criu. */
static int begin(struct request *req, pid_t pid, const char *fifo, const char *word,
		 struct page_source *source)
{
	int status = 1;

	if (pid > 0 && !makes_images(req, word, source)) {
		(void)kill(pid, SIGKILL);
		(void)keeper_ends(pid, 0, &status);
		return status ? status : 1;
	}
	if (pid > 0 && let_on(pid, fifo, &status))
		return fetch(req, pid, source);
	return status ? status : 1;
}

/* Each process has a file for each pass. */
static void allow_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

/* Pages of flat images are served by this process. */
static int prepare(struct request *req, const char *fifo, struct page_source *source)
{
	*source = (struct page_source){.fd = -1, .client = -1};
	if ((mkfifo(fifo, 0600) < 0 && errno != EEXIST) || setenv("CRIU_CONFIG_FILE", fifo, 1) < 0)
		return request_errno(req, "can't make '%s'", fifo);
	if (request_is(req, "transport", "tunnel"))
		return (source->client = tunnel_connect(req)) < 0;
	if (!request_has(req, "parent"))
		return 0;
	allow_files();
	return page_source_open(source) < 0 ? request_errno(req, "can't make a socket") : 0;
}

/*
 * Fetches the memory of a container that is restored without it, first the pages that the container
 * touches: from the page server at `server` and `port`, by the tunnel of the move
 * (transport=tunnel), or without those from the images that are here. parent: the last pass of
 * pre-copy; those images are made flat first (flat_images.h). The outcome is in RUN/pages.status,
 * where a copy whose memory can't come any more has been killed before. criu is started at once and
 * waits at its configuration file for the word to begin (op=go), so that nothing is started while
 * the container is frozen. It ends with the work directory if that word never comes.
 */
int fetch_keeper(int argc, char **argv)
{
	struct request req;
	struct page_source source;
	CLEANUP_ARGV struct argv criu = {0};
	char word[WORD_SIZE];

	keeper_request(argc, argv, &req);
	CLEANUP_FREE char *fifo = path_in_run(&req, FETCH_FIFO);
	if (prepare(&req, fifo, &source) != 0)
		return keeper_end(&req, 1);
	protect();
	make_command(&req, &source, &criu);
	pid_t pid = keeper_start(criu.v, -1);
	page_source_leave_client(&source);
	if (!is_let_go(&req, word)) {
		if (pid > 0)
			(void)kill(pid, SIGKILL);
		return keeper_end(&req, 1);
	}
	int status = begin(&req, pid, fifo, word, &source);
	page_source_close(&source);
	if (status != 0) {
		note_failure(&req);
		end_copy(&req);
	}
	return keeper_end(&req, note_status(&req, status));
}
