/* SPDX-License-Identifier: MIT */
/* restore: runs `runc restore` where it finds the tmpfs that were saved (restore_tmpfs.h). */
#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/container/limits.h"
#include "agent/dump/gate.h"
#include "agent/dump/runc_flags.h"
#include "agent/dump/work_dir.h"
#include "agent/request/paths.h"
#include "agent/request/program.h"
#include "agent/request/session.h"
#include "agent/request/text_file.h"
#include "restore_files.h"
#include "restore_tmpfs.h"
#include "scratch.h"

#define LIST_MAX (1024 * 1024)

/* The restoring runc is in the agent's cgroup. It makes the container's below or beside it: for
 * the erase. */
static int note_cgroup(struct request *req)
{
	CLEANUP_FREE char *note = path_in_run(req, "cgroup");
	CLEANUP_BUF struct buf text = {0};

	text.s = text_file_read_at(AT_FDCWD, "/proc/self/cgroup", LIST_MAX, &text.len);
	if (!text.s || text_file_write(note, &text) < 0)
		return request_errno(req, "can't write '%s'", note);
	return 0;
}

/* Children come before their parents, and each once. */
static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

static void add_missing(struct argv *missing, char *path)
{
	for (char *slash; *path && access(path, F_OK) < 0; *slash = '\0') {
		argv_add(missing, path);
		slash = strrchr(path, '/');
		if (!slash)
			return;
	}
}

/*
 * Notes in RUN/made and IMAGES/made, for the cleaning, which of the container's hidden mount points
 * (IMAGES/hidden, of the dump) are not in its root: runc knows by their names alone that a tmpfs
 * hides them, and makes those that are reached by a link. A failure leaves an empty directory.
 */
static void note_missing(const struct request *req)
{
	CLEANUP_FREE char *hidden = path_in_images(req, "hidden");
	CLEANUP_FREE char *here = path_in_run(req, "made");
	CLEANUP_FREE char *there = path_in_images(req, "made");
	CLEANUP_FREE char *text = text_file_read(hidden, LIST_MAX, NULL);
	CLEANUP_ARGV struct argv paths = {0}, missing = {0};
	CLEANUP_BUF struct buf made = {0};

	argv_words(&paths, text ? text : "", "\n");
	for (size_t i = 0; i < paths.n; i++)
		add_missing(&missing, paths.v[i]);
	if (!missing.n)
		return;
	qsort(missing.v, missing.n, sizeof(*missing.v), by_path);
	for (size_t i = 0; i < missing.n; i++)
		if (i == 0 || strcmp(missing.v[i], missing.v[i - 1]) != 0)
			buf_printf(&made, "%s\n", missing.v[i]);
	(void)text_file_append(here, &made);
	(void)text_file_append(there, &made);
}

/* The text of the dump; NULL: it left none. Owned by the caller. */
static char *limits_noted(const struct request *req)
{
	CLEANUP_FREE char *path = path_in_images(req, "limits");

	return text_file_read(path, LIST_MAX, NULL);
}

/* runc has set those of config.json. What can't be set is said, a line "limit FILE VALUE: WHY"
 * each: the container runs without it. */
static void set_limits(struct request *req, const char *noted)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};
	CLEANUP_BUF struct buf missed = {0};
	CLEANUP_ARGV struct argv lines = {0};

	if (!noted)
		return;
	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		buf_clear(&req->err);
	limits_set(&state, noted, &missed);
	argv_words(&lines, buf_str(&missed), "\n");
	for (size_t i = 0; i < lines.n; i++)
		request_say(req, "limit %s\n", lines.v[i]);
}

static const char *const flags[] = {"file-locks",      "ext-unix-sk", "shell-job",
				    "tcp-established", "lazy-pages",  NULL};

static int make_command(struct request *req, struct argv *argv)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *images = path_restored(req);
	CLEANUP_FREE char *run = path_run(req);

	argv_addl(argv, "runc", "restore", "--detach", "--bundle", bundle, "--image-path", images,
		  "--work-path", run, NULL);
	if (runc_flags(req, flags, argv) != 0)
		return 1;
	argv_add(argv, request_get(req, "container"));
	return 0;
}

/* The end of an earlier restore would be taken for this one's (watch.c). */
static int forget_log(struct request *req)
{
	CLEANUP_FREE char *log = path_in_run(req, "restore.log");

	return unlink(log) < 0 && errno != ENOENT ? request_errno(req, "can't remove '%s'", log)
						  : 0;
}

/* The word to go on is said once, to a parked restore; any other has it from the beginning. */
static int set_word(struct request *req, bool parked)
{
	CLEANUP_FREE char *run = path_run(req);

	if ((parked ? restore_unmark(run, RESTORE_WENT) : restore_mark(run, RESTORE_WENT)) < 0 ||
	    restore_unmark(run, RESTORE_ENDED) < 0)
		return request_errno(req, "can't change '%s'", run);
	return 0;
}

/* The gate has let nothing run, so runc says that it failed. */
static int rehearsed(struct request *req, int status)
{
	if (work_dir_has(req, GATE_RESTORED))
		return 0;
	return status ? status
		      : request_fail(req, "the restore has not asked whether it may go on");
}

/* op: "now"; "parked": before there are images; "rehearse": nothing of it is to run. */
int verb_restore(struct request *req)
{
	const bool parked = request_is(req, "op", "parked");
	const bool rehearses = request_is(req, "op", "rehearse");
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *log = path_in_run(req, "restore.out");
	CLEANUP_FREE char *record = session_path(run, SESSION_RESTORE);
	CLEANUP_FREE char *env =
		str_fmt("CRIU_CONFIG_FILE=%s/%s", run, parked ? RESTORE_FIFO : "criu.conf");
	CLEANUP_FREE char *limits = limits_noted(req);
	CLEANUP_ARGV struct argv argv = {0};
	char *envs[] = {env, NULL};

	if (!parked && !rehearses && !request_is(req, "op", "now"))
		return request_fail(req, "there is no restore '%s'", request_get(req, "op"));
	if (make_command(req, &argv) != 0 || note_cgroup(req) != 0)
		return 1;
	if (rehearses && scratch_enter(req) != 0)
		return 1;
	if (!rehearses)
		note_missing(req);
	if (forget_log(req) != 0 || set_word(req, parked) != 0 || restore_tmpfs_mount(req) != 0)
		return 1;
	const struct program runc = {
		.argv = argv.v, .env = envs, .log = log, .session = record, .for_container = true};
	int status = program_run(req, &runc, NULL, NULL);
	if (status == 0)
		set_limits(req, limits);
	/* Nobody needs to wait until it reads its configuration. */
	if (parked)
		(void)restore_mark(run, RESTORE_ENDED);
	return rehearses ? rehearsed(req, status) : status;
}
