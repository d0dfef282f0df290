/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/request.h"
#include "cmigrate/base/proc.h"
#include "cmigrate/protocol/status.h"
#include "state_file.h"

#define LOCK_FILE "lock"
/* How often a directory that vanished is made again; where the bundle is missing it is in vain. */
#define DIRECTORY_TRIES 100
/* The most of a stamp that is read. */
#define STAMP_MAX 200

struct held {
	char *dir;
	int fd;
	struct held *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct held *all;
static bool closed;

/* Another holder may have removed the file between our open and our lock: then it locks nobody out.
 */
static bool is_current(const char *dir, int fd)
{
	CLEANUP_FREE char *path = str_fmt("%s/" LOCK_FILE, dir);
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && lstat(path, &theirs) == 0 && ours.st_nlink > 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* The file is removed while it is locked, and the directory after it, if nothing else is kept
 * there: whoever waited for the old file sees that it is another one now (is_current()). */
static void release(const char *dir, int fd)
{
	CLEANUP_FREE char *path = str_fmt("%s/" LOCK_FILE, dir);

	if (is_current(dir, fd))
		(void)unlink(path);
	(void)rmdir(dir);
	fd_close(&fd);
}

static void release_held(struct held *held)
{
	release(held->dir, held->fd);
	free(held->dir);
	free(held);
}

/* False if the connection has ended. */
static bool keep(const char *dir, int fd)
{
	struct held *held = mem_new(1, sizeof(*held));

	*held = (struct held){.dir = str_dup(dir), .fd = fd};
	(void)pthread_mutex_lock(&mutex);
	bool kept = !closed;
	if (kept) {
		held->next = all;
		all = held;
	}
	(void)pthread_mutex_unlock(&mutex);
	if (kept)
		return true;
	release_held(held);
	return false;
}

static struct held *take(const char *dir)
{
	struct held *found = NULL;

	(void)pthread_mutex_lock(&mutex);
	for (struct held **p = &all; *p; p = &(*p)->next) {
		if (strcmp((*p)->dir, dir) != 0)
			continue;
		found = *p;
		*p = found->next;
		break;
	}
	(void)pthread_mutex_unlock(&mutex);
	return found;
}

void lock_release_all(void)
{
	(void)pthread_mutex_lock(&mutex);
	struct held *held = all;
	all = NULL;
	closed = true;
	(void)pthread_mutex_unlock(&mutex);
	while (held) {
		struct held *next = held->next;
		release_held(held);
		held = next;
	}
}

/* The file of the lock; -1 with errno. */
static int open_file(const char *dir)
{
	int at = state_dir_open(dir, true);
	int fd = at < 0 ? -1 : state_file_open(at, LOCK_FILE, O_RDWR | O_CREAT);
	int saved = errno;

	fd_close(&at);
	errno = saved;
	return fd;
}

static int fail(struct request *req, const char *dir)
{
	return state_file_fail(req, "can't lock ", dir, LOCK_FILE);
}

/* Says who has it. */
static int busy(struct request *req, int fd)
{
	CLEANUP_BUF struct buf text = {0};

	if (read_rest(fd, STAMP_MAX, &text) == 0 && text.s)
		request_say(req, "%.*s", (int)strcspn(text.s, "\n"), text.s);
	return STATUS_LOCKED;
}

/* On a full disk it stays without a stamp: recovery is what makes room. */
static int stamp(struct request *req, const char *dir, int fd)
{
	const char *text = request_get(req, "stamp");

	if (ftruncate(fd, 0) == 0 &&
	    (write_whole(fd, text, strlen(text)) == 0 || errno == ENOSPC || errno == EDQUOT))
		return 0;
	return fail(req, dir);
}

/* The descriptor is locked, and the lock counts. */
static int got_it(struct request *req, const char *dir, int fd)
{
	int status = stamp(req, dir, fd);

	/* A silent NFS server may answer after the controller has given up. */
	if (status == 0 && request_over(req))
		status = request_fail(req, "the lock came too late");
	if (status != 0) {
		release(dir, fd);
		return status;
	}
	return keep(dir, fd) ? 0 : request_fail(req, "the connection has ended");
}

int verb_lock(struct request *req)
{
	CLEANUP_FREE char *dir = path_state(req);

	for (int tries = 0; !request_over(req); tries++) {
		int fd = open_file(dir);
		/* A holder that gives the lock back removes the empty directory, perhaps right
		 * after it was made here. */
		if (fd < 0 && (errno == ENOENT || errno == ESTALE) && tries < DIRECTORY_TRIES)
			continue;
		if (fd < 0)
			return fail(req, dir);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			int status = errno == EWOULDBLOCK ? busy(req, fd) : fail(req, dir);
			fd_close(&fd);
			return status;
		}
		if (is_current(dir, fd))
			return got_it(req, dir, fd);
		fd_close(&fd);
	}
	return request_fail(req, "can't lock '%s/" LOCK_FILE "': no time left", dir);
}

/* Whether somebody has it: then STATUS_LOCKED, and says who. A lock that nobody has is taken for a
 * moment, shared. */
int verb_locked(struct request *req)
{
	CLEANUP_FREE char *dir = path_state(req);
	int at = state_dir_open(dir, false);
	int fd = at < 0 ? -1 : state_file_open(at, LOCK_FILE, O_RDWR);
	int status = 0;

	if (fd < 0 && errno != ENOENT)
		status = fail(req, dir);
	else if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0)
		status = errno == EWOULDBLOCK ? busy(req, fd) : fail(req, dir);
	fd_close(&fd);
	fd_close(&at);
	return status;
}

int verb_unlock(struct request *req)
{
	CLEANUP_FREE char *dir = path_state(req);
	struct held *held = take(dir);

	if (!held)
		return request_fail(req, "'%s/" LOCK_FILE "' is not locked by this controller",
				    dir);
	release_held(held);
	return 0;
}
