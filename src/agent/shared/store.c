/* SPDX-License-Identifier: MIT */
/* store: the small files of a container or of many moves: journal, history, events, wishes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/request.h"
#include "cmigrate/base/proc.h"
#include "cmigrate/protocol/status.h"
#include "state_file.h"

/* A reader takes 1 MB, and sees by one byte more that this is not the whole. */
#define READ_MAX (1024 * 1024 + 1)
/* Twice as much as a reader takes. */
#define FILE_MAX (2 * 1024 * 1024)

struct store {
	struct request *req;
	char *dir;
	const char *file;
};

static int fail(const struct store *s)
{
	return state_file_fail(s->req, "", s->dir, s->file);
}

static int do_read(const struct store *s)
{
	int dir = state_dir_open(s->dir, false);
	int fd = dir < 0 ? -1 : state_file_open(dir, s->file, O_RDONLY);
	int status = 0;

	if (fd < 0)
		status = errno == ENOENT ? STATUS_ABSENT : fail(s);
	else if (read_rest(fd, READ_MAX, &s->req->out) < 0)
		status = fail(s);
	fd_close(&fd);
	fd_close(&dir);
	return status;
}

static int append_to(int fd, const struct buf *text, bool sync)
{
	off_t before = lseek(fd, 0, SEEK_END);

	if (before < 0)
		return -1;
	if ((size_t)before + text->len > FILE_MAX) {
		errno = EFBIG;
		return -1;
	}
	if (write_whole(fd, buf_str(text), text->len) == 0)
		return sync ? fdatasync(fd) : 0;
	int saved = errno;
	/* Half a line in the middle would be damage once there is room again. */
	(void)!ftruncate(fd, before);
	errno = saved;
	return -1;
}

static int append(const struct store *s, bool create, bool sync)
{
	int dir = state_dir_open(s->dir, create);
	int fd = dir < 0 ? -1
			 : state_file_open(dir, s->file,
					   O_WRONLY | O_APPEND | (create ? O_CREAT : 0));
	int status = 0;

	if (fd < 0 && !create && errno == ENOENT)
		status = STATUS_ABSENT;
	else if (fd < 0 || append_to(fd, &s->req->input, sync) < 0)
		status = fail(s);
	fd_close(&fd);
	fd_close(&dir);
	return status;
}

static int do_append(const struct store *s)
{
	return append(s, true, true);
}

/* As append, but doesn't wait for the disk. */
static int do_note(const struct store *s)
{
	return append(s, true, false);
}

/* As note, but only to a file that is there: whoever made it removes it. */
static int do_add(const struct store *s)
{
	return append(s, false, false);
}

static int replace_in(int dir, const char *file, const char *temp, const struct buf *text)
{
	int fd = state_file_open(dir, temp, O_WRONLY | O_CREAT | O_TRUNC);
	int status = fd < 0 || write_whole(fd, buf_str(text), text->len) < 0 || fsync(fd) < 0 ||
				     renameat(dir, temp, dir, file) < 0 || fsync(dir) < 0
			     ? -1
			     : 0;
	int saved = errno;

	if (status < 0)
		(void)unlinkat(dir, temp, 0);
	fd_close(&fd);
	errno = saved;
	return status;
}

/* A reader sees the old or the new file. */
static int do_replace(const struct store *s)
{
	CLEANUP_FREE char *temp = str_fmt("%s.%ld", s->file, (long)syscall(SYS_gettid));
	int status = 1;

	if (s->req->input.len > FILE_MAX) {
		errno = EFBIG;
		return fail(s);
	}
	int dir = state_dir_open(s->dir, true);
	status = dir < 0 || replace_in(dir, s->file, temp, &s->req->input) < 0 ? fail(s) : 0;
	fd_close(&dir);
	return status;
}

/*
 * The words between a move and others go with its journal, and before it: after a
 * crash between them it is found by the journal.
 */
static int do_remove(const struct store *s)
{
	bool batch = request_has(s->req, "batch");
	int dir = state_dir_open(s->dir, false);

	if (dir >= 0 && (batch || strcmp(s->file, "journal") == 0)) {
		(void)unlinkat(dir, "wishes", 0);
		(void)unlinkat(dir, "events", 0);
	}
	int status = dir < 0 ? -1 : unlinkat(dir, s->file, 0);
	status = status < 0 && errno != ENOENT ? fail(s) : 0;
	fd_close(&dir);
	if (batch)
		(void)rmdir(s->dir);
	return status;
}

int verb_store(struct request *req)
{
	static const struct {
		const char *op;
		int (*serve)(const struct store *s);
	} ops[] = {{"read", do_read}, {"append", do_append},   {"note", do_note},
		   {"add", do_add},   {"replace", do_replace}, {"remove", do_remove}};
	CLEANUP_FREE char *dir = path_state(req);
	struct store s = {req, dir, request_get(req, "file")};

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (request_is(req, "op", ops[i].op))
			return ops[i].serve(&s);
	return request_fail(req, "op is none of read, append, note, add, replace and remove");
}
