/* SPDX-License-Identifier: MIT */
/* The lock of a container: held in its state directory, here or by a process on the store's host.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/host/script.h"
#include "cmigrate/host/ssh_channel.h"
#include "state_part.h"

#define LOCK_FILE "lock"
/* How often a directory that vanished is made again; where the bundle is missing it is in vain. */
#define DIRECTORY_TRIES 100
/* How long ssh may take to end after the last byte. */
#define END_MS 2000
/* The most that a login may print before the lock's answer. */
#define SAID_MAX 65536
/* Exit code of lock.sh where another one has the lock. */
#define STATUS_LOCKED 75

/* Names the holder of the lock in messages: "pid 42 on rhel01 since TIME". */
static char *make_stamp(void)
{
	char host[256] = "", when[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	(void)gethostname(host, sizeof(host) - 1);
	if (gmtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return str_fmt("pid %d on %s since %s", (int)getpid(), host, when);
}

static int busy(const struct state_dir *state_dir, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	struct err unused = ERR_INIT;
	bool found = false;

	(void)state_dir_read(state_dir, LOCK_FILE, &text, &found, &unused);
	CLEANUP_FREE char *owner = str_dup(buf_str(&text));
	owner[strcspn(owner, "\n")] = '\0';
	(void)err_set(err, EXIT_BUSY,
		      "another cmigrate holds '%s/" LOCK_FILE "'%s%.200s; try again later",
		      state_dir->dir, *owner ? ", " : "", owner);
	return err_because(err, CAUSE_LOCKED);
}

/* root may write wherever it isn't made another user: that is what the words don't say. */
#define SQUASHED "; where it is NFS, export it to that host with no_root_squash"

static int no_lock(const struct state_dir *state_dir, struct err *err)
{
	if ((errno != EACCES && errno != EPERM) || geteuid() != 0)
		return store_fail(state_dir, LOCK_FILE, err);
	return err_set(err, EXIT_FAILED, "%s: can't lock '%s/" LOCK_FILE "': %s" SQUASHED,
		       state_dir->host->name, state_dir->dir, strerror(errno));
}

/* Another holder may have removed the file between our open and our lock: then it locks nobody out.
 */
static bool is_current(const struct state_dir *state_dir, int fd)
{
	CLEANUP_FREE char *path = str_fmt("%s/" LOCK_FILE, state_dir->dir);
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && lstat(path, &theirs) == 0 && ours.st_nlink > 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static int lock_here(const struct state_dir *state_dir, struct state_dir_lock *ret, struct err *err)
{
	for (int tries = 0;; tries++) {
		int fd = store_open_file(state_dir, LOCK_FILE, O_RDWR | O_CREAT);
		/* A holder that gives the lock back removes the empty directory, perhaps right
		 * after we made it. */
		if (fd < 0 && errno == ENOENT && tries < DIRECTORY_TRIES)
			continue;
		if (fd < 0)
			return no_lock(state_dir, err);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			int status = errno == EWOULDBLOCK ? busy(state_dir, err)
							  : store_fail(state_dir, LOCK_FILE, err);
			fd_close(&fd);
			return status;
		}
		if (is_current(state_dir, fd)) {
			CLEANUP_FREE char *stamp = make_stamp();
			ret->fd = fd;
			ret->path = str_fmt("%s/" LOCK_FILE, state_dir->dir);
			/* On a full disk without a stamp: recovery is what makes room. */
			if (ftruncate(fd, 0) == 0 &&
			    (store_write_all(fd, stamp) == 0 || errno == ENOSPC || errno == EDQUOT))
				return 0;
			(void)store_fail(state_dir, LOCK_FILE, err);
			state_dir_unlock(ret);
			return -1;
		}
		fd_close(&fd);
	}
}

/* Whether "held NONCE" comes before the other end is closed or the time is up. What a login prints
 * may stand before it, without an end of its own. */
static bool is_held(struct channel *ch, const char *nonce)
{
	struct pollfd p = {.fd = ch->ssh.out, .events = POLLIN};
	int64_t end = deadline_in_ms(STATE_DIR_TIMEOUT_MS);
	CLEANUP_FREE char *word = str_fmt("held %s\n", nonce);
	CLEANUP_BUF struct buf said = {0};
	char chunk[512];

	while (!deadline_passed(end) && said.len < SAID_MAX) {
		(void)poll(&p, 1, deadline_poll_ms(end));
		ssize_t n = read(ch->ssh.out, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(&said, chunk, (size_t)n);
		if (said.len && memmem(said.s, said.len, word, strlen(word)))
			return true;
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
	}
	return false;
}

/* Reads the last words of flock(1) or ssh, and returns its status; -1 if it has not ended. */
static int end_status(struct channel *ch, char *said, size_t size)
{
	int status = -1;
	int64_t end = deadline_in_ms(END_MS);

	while (!proc_reap(&ch->ssh, &status) && !deadline_passed(end))
		clock_sleep_ms(1);
	ssize_t n = read(ch->ssh.err, said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	return status;
}

/* An NFS server keeps the lock of a host that went down until its lease ends. */
#define SILENT                                                                                     \
	"no answer; an NFS server that waits for a host which is gone answers after a minute or "  \
	"two: try again then"

static int lock_far_failure(const struct state_dir *state_dir, struct channel *ch, struct err *err)
{
	char said[512];
	int status = end_status(ch, said, sizeof(said));

	if (status == STATUS_LOCKED)
		return busy(state_dir, err);
	return err_set(err, EXIT_FAILED, "%s: can't lock '%s/" LOCK_FILE "': %s%s",
		       state_dir->host->name, state_dir->dir, *said ? str_trim(said) : SILENT,
		       strstr(said, strerror(EACCES))	? SQUASHED
		       : strstr(said, strerror(ENOSPC)) ? "; " STORE_FULL
							: "");
}

static int lock_far(const struct state_dir *state_dir, struct state_dir_lock *ret, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_BUF struct buf line = {0};
	CLEANUP_FREE char *stamp = make_stamp();
	char nonce[CHANNEL_NONCE_SIZE];
	struct channel *ch = channel_open(state_dir->host, err);

	if (!ch)
		return -1;
	channel_nonce(nonce);
	script_argv(&a, &script_lock, state_dir->dir, stamp, nonce, NULL);
	channel_exec(&line, a.v);
	ssize_t n = write(ch->ssh.in, line.s, line.len);
	if (n == (ssize_t)line.len && is_held(ch, nonce)) {
		ret->far = ch;
		return 0;
	}
	int status = lock_far_failure(state_dir, ch, err);
	channel_close(ch);
	return status;
}

int state_dir_lock(const struct state_dir *state_dir, struct state_dir_lock *ret, struct err *err)
{
	return host_is_local(state_dir->host) ? lock_here(state_dir, ret, err)
					      : lock_far(state_dir, ret, err);
}

void state_dir_unlock(struct state_dir_lock *lock)
{
	if (lock->fd >= 0) {
		char *slash = strrchr(lock->path, '/');
		(void)unlink(lock->path);
		*slash = '\0';
		(void)rmdir(lock->path); /* works where nothing else is kept */
	}
	fd_close(&lock->fd);
	free(lock->path);
	lock->path = NULL;
	if (lock->far)
		channel_close(lock->far);
	lock->far = NULL;
}
