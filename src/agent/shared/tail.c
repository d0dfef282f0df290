/* SPDX-License-Identifier: MIT */
/* tail: waits for what is added to a small file of the shared directory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/request.h"
#include "cmigrate/base/proc.h"
#include "cmigrate/protocol/status.h"
#include "state_file.h"

/* How often the file is looked at. Another host may write it, so no event of the kernel tells. */
#define LOOK_MS 100
/* As much as the file may have (store.c). */
#define TEXT_MAX (2 * 1024 * 1024)

int verb_tail(struct request *req);

struct tail {
	struct request *req;
	char *dir;
	const char *file;
	off_t size; /* what the controller has */
	int fd; /* of the last look: it still reads what was added before the file was removed */
};

/* Opened anew each time: then an NFS client asks its server. */
static int open_now(const struct tail *t)
{
	int dir = state_dir_open(t->dir, false);
	int fd = dir < 0 ? -1 : state_file_open(dir, t->file, O_RDONLY);
	int saved = errno;

	fd_close(&dir);
	errno = saved;
	return fd;
}

static bool is_gone(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ESTALE;
}

/* 1: said; 0: there is nothing more; -1 with errno. A shorter file is another one, and is said from
 * its beginning. */
static int say_more(struct tail *t, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_size == t->size)
		return 0;
	off_t from = st.st_size < t->size ? 0 : t->size;
	CLEANUP_BUF struct buf text = {0};
	if (lseek(fd, from, SEEK_SET) < 0 || read_rest(fd, TEXT_MAX, &text) < 0)
		return -1;
	if (!text.len && from)
		return 0;
	request_say(t->req, "%lld\n", (long long)from + (long long)text.len);
	buf_add(&t->req->out, buf_str(&text), text.len);
	return 1;
}

/* The file is not there, or not any more. 1: go on waiting. */
static int without(struct tail *t)
{
	if (t->fd >= 0 && say_more(t, t->fd) > 0)
		return 0;
	return t->size || t->fd >= 0 ? STATUS_ABSENT : -1;
}

/* The exit status, or -1: nothing yet. */
static int look(struct tail *t)
{
	int fd = open_now(t);

	if (fd < 0 && is_gone(errno))
		return without(t);
	if (fd < 0)
		return state_file_fail(t->req, "", t->dir, t->file);
	fd_close(&t->fd);
	t->fd = fd;
	int said = say_more(t, fd);
	if (said < 0 && !is_gone(errno))
		return state_file_fail(t->req, "", t->dir, t->file);
	return said > 0 ? 0 : -1;
}

/*
 * tail container|batch file size: waits until the file has other than `size` bytes, and says how
 * many it has, on a line, and then those after `size`. Waits too for a file that is not there yet
 * (size=0); STATUS_ABSENT: it was there and is not any more.
 */
int verb_tail(struct request *req)
{
	CLEANUP_FREE char *dir = path_state(req);
	struct tail t = {req, dir, request_get(req, "file"), (off_t)request_number(req, "size"),
			 -1};
	int status;

	do {
		status = look(&t);
	} while (status < 0 && request_sleep(req, LOOK_MS));
	fd_close(&t.fd);
	return status < 0 ? 1 : status;
}
