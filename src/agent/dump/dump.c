/* SPDX-License-Identifier: MIT */
/* `runc checkpoint`: a dump, and a pass of pre-copy. Neither is ended with its request or agent. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/container/limits.h"
#include "agent/container/runc_state.h"
#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/program.h"
#include "agent/request/session.h"
#include "agent/request/text_file.h"
#include "cmigrate/base/proc.h"
#include "gate.h"
#include "hidden_mounts.h"
#include "runc_flags.h"
#include "work_dir.h"

#define MOUNTS_MAX (4 * 1024 * 1024)
#define LOG "dump.out"
#define LOG_MAX (64 * 1024)
#define LINES_SHOWN 3
/* Without pidfd_open(2). */
#define LOOK_MS 2

int verb_dump(struct request *req);
int verb_pass(struct request *req);

/* Whether it has ended; false: the request is over before that. */
static bool await_end(struct request *req, const struct child *child)
{
	for (;;) {
		siginfo_t info = {0};
		if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid)
			return true;
		if (child->pidfd >= 0 ? request_wait(req, child->pidfd, POLLIN, -1) < 0
				      : !request_sleep(req, LOOK_MS))
			return false;
	}
}

/* Runs it to its end. If the request is over before, it goes on: it may hold the container. */
static int run(struct request *req, const struct argv *argv)
{
	CLEANUP_FREE char *work = path_run(req);
	CLEANUP_FREE char *session = session_path(work, SESSION_DUMP);
	CLEANUP_FREE char *log = path_in_run(req, LOG);
	CLEANUP_FREE char *env = str_fmt("CRIU_CONFIG_FILE=%s/criu.conf", work);
	char *const envs[] = {env, NULL};
	struct child child;

	/* CRIU keeps a pipe for every 4 MB of memory that follows the container; without
	 * CAP_SYS_RESOURCE it can't raise the limit of open files. */
	int status = program_start(req,
				   &(struct program){.argv = argv->v,
						     .env = envs,
						     .log = log,
						     .session = session,
						     .many_files = true},
				   &child);
	if (status != 0)
		return status;
	if (await_end(req, &child))
		return program_wait(req, &child, 0, NULL, NULL);
	fd_close(&child.pidfd);
	return 1;
}

static void add_server(const struct request *req, struct argv *a)
{
	if (!request_has(req, "server"))
		return;
	const char *server = request_get(req, "server");
	const bool v6 = strchr(server, ':') != NULL;
	argv_add(a, "--page-server");
	argv_addf(a, "%s%s%s:%llu", v6 ? "[" : "", server, v6 ? "]" : "",
		  request_number(req, "port"));
}

/* Notes, for the restore, the mount points of the container that nobody needs in its root (without
 * the note empty directories stay) and its limits. */
static void note_container(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};
	CLEANUP_FREE char *hidden = path_in_images(req, "hidden");
	CLEANUP_FREE char *limits = path_in_images(req, "limits");
	CLEANUP_BUF struct buf paths = {0}, lines = {0};

	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		buf_clear(&req->err);
	CLEANUP_FREE char *mounts =
		state.pid ? process_file(state.pid, "mountinfo", MOUNTS_MAX, NULL) : NULL;
	if (mounts && state.rootfs)
		hidden_mounts(mounts, state.rootfs, &paths);
	limits_read(&state, request_get(req, "quota"), &lines);
	(void)text_file_write(hidden, &paths);
	(void)text_file_write(limits, &lines);
}

int verb_dump(struct request *req)
{
	static const char *const flags[] = {
		"file-locks",	      "ext-unix-sk", "shell-job",  "tcp-established",
		"tcp-skip-in-flight", "link-remap",  "lazy-pages", NULL};
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *work = path_run(req);
	CLEANUP_FREE char *images = path_images(req);

	argv_addl(&a, "runc", "checkpoint", "--image-path", images, "--work-path", work, NULL);
	if (runc_flags(req, flags, &a) != 0)
		return 1;
	if (request_has(req, "parent"))
		argv_addf(&a, "--parent-path=pass-%llu", request_number(req, "parent"));
	add_server(req, &a);
	argv_add(&a, request_get(req, "container"));
	/* An agent that ended during a pass has left it. */
	if (work_dir_remove(req, IN_PASS) < 0)
		return request_errno(req, "can't remove '%s'", IN_PASS);
	note_container(req);
	return run(req, &a);
}

/* The last lines of what runc said. */
static int fail_pass(struct request *req)
{
	CLEANUP_FREE char *text = work_dir_read(req, LOG, LOG_MAX);
	size_t lines = 0;

	if (!text)
		return 1;
	const char *end = str_trim(text), *from = end + strlen(end);
	while (from > end && !(from[-1] == '\n' && ++lines == LINES_SHOWN))
		from--;
	return request_fail(req, "%s", from);
}

/* Bytes that a pass has written; none if they went to a page server. */
static unsigned long long pages_written(const char *directory)
{
	DIR *dir = opendir(directory);
	unsigned long long sum = 0;
	struct stat st;

	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
		size_t len = strlen(e->d_name);
		if (str_starts(e->d_name, "pages-") && len > 4 &&
		    strcmp(e->d_name + len - 4, ".img") == 0 &&
		    fstatat(dirfd(dir), e->d_name, &st, 0) == 0)
			sum += (unsigned long long)st.st_size;
	}
	if (dir)
		(void)closedir(dir);
	return sum;
}

/*
 * One pass of pre-copy: writes the memory that has changed since the last pass (all of it in the
 * first) to IMAGES/pass-NUMBER, while the container runs, except for a moment. CRIU must not be
 * killed meanwhile: its code may be running inside the processes.
 */
int verb_pass(struct request *req)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *work = path_run(req);
	CLEANUP_FREE char *images = path_images(req);
	const unsigned long long number = request_number(req, "pass");
	CLEANUP_FREE char *pass = str_fmt("%s/pass-%llu", images, number);

	argv_addl(&a, "runc", "checkpoint", "--pre-dump", "--image-path", pass, "--work-path", work,
		  NULL);
	if (number > 1) {
		argv_add(&a, "--parent-path");
		argv_addf(&a, "../pass-%llu", number - 1);
	}
	add_server(req, &a);
	argv_add(&a, request_get(req, "container"));
	/* "verdict" looks for it. */
	if (work_dir_write(req, IN_PASS, "") != 0)
		return 1;
	int status = run(req, &a);
	/* A pass that goes on keeps its mark. */
	if (request_over(req))
		return 1;
	(void)work_dir_remove(req, IN_PASS);
	if (status != 0)
		return fail_pass(req);
	request_say(req, "%llu\n", pages_written(pass));
	return 0;
}
