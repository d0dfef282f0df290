/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/state_dir.h"

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

#define STORE_TIMEOUT_MS 15000
#define STORE_LIMIT (1024 * 1024)
#define LOCK_FILE "lock"
/* How often to make a directory that vanishes again; a missing bundle fails in the end. */
#define DIRECTORY_TRIES 100
/* Limit for ssh to end after the last byte. */
#define END_MS 2000
#define SAID_MAX 65536	 /* output of a login */
#define STATUS_LOCKED 75 /* of lock.sh if another process has the lock */
#define STATUS_ABSENT 3	 /* of store.sh's read if there is no such file */

void store_init(struct store *store, struct host *host, const char *bundle_dir)
{
	store->host = host;
	store->dir = str_fmt("%s/.cmigrate", bundle_dir);
}

void store_clear(struct store *store)
{
	free(store->dir);
	memset(store, 0, sizeof(*store));
}

static int remote(const struct store *store, const char *verb, const char *file, const char *input,
		  struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_store, verb, store->dir, file, NULL);
	struct command cmd = {
		.argv = a.v, .input = input, .timeout_ms = STORE_TIMEOUT_MS, .limit = STORE_LIMIT};
	return host_start(store->host, &cmd, job, err);
}

static int remote_done(const struct store *store, const char *verb, const char *file,
		       const char *input, struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	if (remote(store, verb, file, input, &job, err) < 0)
		return -1;
	job_wait(&job);
	return job_failure(&job, err);
}

#define FULL "free some space there"

static int fail(const struct store *store, const char *file, struct err *err)
{
	bool full = errno == ENOSPC || errno == EDQUOT;

	(void)err_errno(err, EXIT_FAILED, "%s: '%s/%s'", store->host->name, store->dir, file);
	return full ? err_append(err, FULL) : -1;
}

static int open_file(const struct store *store, const char *file, int flags)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", store->dir, file);

	if (flags & O_CREAT)
		(void)mkdir(store->dir, 0700);
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
}

static int write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left;) {
		ssize_t n = write(fd, text, left);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
	return 0;
}

static int read_all(int fd, struct buf *ret)
{
	char chunk[16384];
	ssize_t n;

	while (ret->len <= STORE_LIMIT && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			buf_add(ret, chunk, (size_t)n);
	}
	if (ret->len <= STORE_LIMIT)
		return 0;
	errno = EFBIG;
	return -1;
}

static int remote_read(const struct store *store, const char *file, struct buf *ret,
		       bool *ret_found, struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	if (remote(store, "read", file, NULL, &job, err) < 0)
		return -1;
	job_wait(&job);
	*ret_found = false;
	if (!job.lost && job.status == STATUS_ABSENT)
		return 0;
	if (job_failure(&job, err) < 0)
		return -1;
	*ret_found = true;
	buf_add(ret, buf_str(&job.out), job.out.len);
	return 0;
}

int store_read(const struct store *store, const char *file, struct buf *ret, bool *ret_found,
	       struct err *err)
{
	if (!host_is_local(store->host))
		return remote_read(store, file, ret, ret_found, err);
	int fd = open_file(store, file, O_RDONLY);
	*ret_found = false;
	if (fd < 0)
		return errno == ENOENT ? 0 : fail(store, file, err);
	int status = read_all(fd, ret);
	if (status < 0)
		(void)fail(store, file, err);
	*ret_found = status == 0;
	fd_close(&fd);
	return status;
}

static int append(const struct store *store, const char *file, const char *text, bool sync,
		  struct err *err)
{
	int fd = open_file(store, file, O_WRONLY | O_CREAT | O_APPEND);

	if (fd < 0)
		return fail(store, file, err);
	off_t before = lseek(fd, 0, SEEK_END);
	int status = write_all(fd, text);
	bool torn = status < 0;
	if (status == 0 && sync)
		status = fdatasync(fd);
	if (status < 0)
		(void)fail(store, file, err);
	/* Cuts off half a line: once there is room again, it would be damage in the middle. */
	if (torn && before >= 0)
		(void)!ftruncate(fd, before);
	fd_close(&fd);
	return status;
}

int store_append(const struct store *store, const char *file, const char *text, struct err *err)
{
	if (!host_is_local(store->host))
		return remote_done(store, "append", file, text, err);
	return append(store, file, text, true, err);
}

int store_append_later(const struct store *store, const char *file, const char *text,
		       struct err *err)
{
	if (!host_is_local(store->host))
		return 0; /* the caller repeats it with the next store_append() */
	return append(store, file, text, false, err);
}

static int replace_here(const struct store *store, const char *file, const char *text)
{
	CLEANUP_FREE char *temp = str_fmt("%s.%d", file, (int)getpid());
	int fd = open_file(store, temp, O_WRONLY | O_CREAT | O_TRUNC);
	int dir = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = fd < 0 || dir < 0 || write_all(fd, text) < 0 || fsync(fd) < 0 ||
				     renameat(dir, temp, dir, file) < 0 || fsync(dir) < 0
			     ? -1
			     : 0;
	int saved = errno;

	if (status < 0 && dir >= 0)
		(void)unlinkat(dir, temp, 0);
	fd_close(&fd);
	fd_close(&dir);
	errno = saved;
	return status;
}

int store_replace(const struct store *store, const char *file, const char *text, struct err *err)
{
	if (!host_is_local(store->host))
		return remote_done(store, "replace", file, text, err);
	return replace_here(store, file, text) < 0 ? fail(store, file, err) : 0;
}

int store_remove(const struct store *store, const char *file, struct err *err)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", store->dir, file);

	if (!host_is_local(store->host))
		return remote_done(store, "remove", file, NULL, err);
	return unlink(path) < 0 && errno != ENOENT ? fail(store, file, err) : 0;
}

/* Identifies the holder of the lock for the messages of others: "pid 42 on rhel01 since TIME". */
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

static int busy(const struct store *store, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	struct err unused = ERR_INIT;
	bool found = false;

	(void)store_read(store, LOCK_FILE, &text, &found, &unused);
	CLEANUP_FREE char *owner = str_dup(buf_str(&text));
	owner[strcspn(owner, "\n")] = '\0';
	(void)err_set(err, EXIT_BUSY,
		      "another cmigrate holds '%s/" LOCK_FILE "'%s%.200s; try again later",
		      store->dir, *owner ? ", " : "", owner);
	return err_because(err, CAUSE_LOCKED);
}

/* root may write everywhere, unless the NFS server maps it to another user. */
#define SQUASHED "; if it is on NFS, export it to that host with no_root_squash"

static int no_lock(const struct store *store, struct err *err)
{
	if ((errno != EACCES && errno != EPERM) || geteuid() != 0)
		return fail(store, LOCK_FILE, err);
	return err_set(err, EXIT_FAILED, "%s: can't lock '%s/" LOCK_FILE "': %s" SQUASHED,
		       store->host->name, store->dir, strerror(errno));
}

/* Another holder may have removed the file between our open and our lock. Then our lock keeps
 * nobody out. */
static bool is_current(const struct store *store, int fd)
{
	CLEANUP_FREE char *path = str_fmt("%s/" LOCK_FILE, store->dir);
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && lstat(path, &theirs) == 0 && ours.st_nlink > 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static int lock_here(const struct store *store, struct store_lock *ret, struct err *err)
{
	for (int tries = 0;; tries++) {
		int fd = open_file(store, LOCK_FILE, O_RDWR | O_CREAT);
		/* The last holder removes the empty directory, perhaps right after we made it. */
		if (fd < 0 && errno == ENOENT && tries < DIRECTORY_TRIES)
			continue;
		if (fd < 0)
			return no_lock(store, err);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			int status = errno == EWOULDBLOCK ? busy(store, err)
							  : fail(store, LOCK_FILE, err);
			fd_close(&fd);
			return status;
		}
		if (is_current(store, fd)) {
			CLEANUP_FREE char *stamp = make_stamp();
			ret->fd = fd;
			ret->path = str_fmt("%s/" LOCK_FILE, store->dir);
			/* A full disk leaves no stamp, and the lock still works: recovery must be
			 * able to make room. */
			if (ftruncate(fd, 0) == 0 &&
			    (write_all(fd, stamp) == 0 || errno == ENOSPC || errno == EDQUOT))
				return 0;
			(void)fail(store, LOCK_FILE, err);
			store_unlock(ret);
			return -1;
		}
		fd_close(&fd);
	}
}

/* Whether "held NONCE" arrives before the other end is closed or the time is up. The output of a
 * login may come before it, even without a newline. */
static bool is_held(struct channel *ch, const char *nonce)
{
	struct pollfd p = {.fd = ch->ssh.out, .events = POLLIN};
	int64_t end = deadline_in_ms(STORE_TIMEOUT_MS);
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

/* The exit status of flock(1) or ssh, -1 if it still runs; said gets its message. */
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

/* The NFS server waits for the lease of a host that went down in the middle of a move; measured. */
#define SILENT                                                                                     \
	"no answer; after a host is lost, an NFS server may need a minute or two: try again then"

static int lock_far_failure(const struct store *store, struct channel *ch, struct err *err)
{
	char said[512];
	int status = end_status(ch, said, sizeof(said));

	if (status == STATUS_LOCKED)
		return busy(store, err);
	return err_set(err, EXIT_FAILED, "%s: can't lock '%s/" LOCK_FILE "': %s%s",
		       store->host->name, store->dir, *said ? str_trim(said) : SILENT,
		       strstr(said, strerror(EACCES))	? SQUASHED
		       : strstr(said, strerror(ENOSPC)) ? "; " FULL
							: "");
}

static int lock_far(const struct store *store, struct store_lock *ret, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_BUF struct buf line = {0};
	CLEANUP_FREE char *stamp = make_stamp();
	char nonce[CHANNEL_NONCE_SIZE];
	struct channel *ch = channel_open(store->host, err);

	if (!ch)
		return -1;
	channel_nonce(nonce);
	script_argv(&a, &script_lock, store->dir, stamp, nonce, NULL);
	channel_exec(&line, a.v);
	ssize_t n = write(ch->ssh.in, line.s, line.len);
	if (n == (ssize_t)line.len && is_held(ch, nonce)) {
		ret->far = ch;
		return 0;
	}
	int status = lock_far_failure(store, ch, err);
	channel_close(ch);
	return status;
}

int store_lock(const struct store *store, struct store_lock *ret, struct err *err)
{
	return host_is_local(store->host) ? lock_here(store, ret, err) : lock_far(store, ret, err);
}

void store_unlock(struct store_lock *lock)
{
	if (lock->fd >= 0) {
		char *slash = strrchr(lock->path, '/');
		(void)unlink(lock->path);
		*slash = '\0';
		(void)rmdir(lock->path); /* fails if other files are kept there */
	}
	fd_close(&lock->fd);
	free(lock->path);
	lock->path = NULL;
	if (lock->far)
		channel_close(lock->far);
	lock->far = NULL;
}
