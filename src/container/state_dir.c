/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/host/script.h"
#include "state_part.h"

#define STORE_LIMIT (1024 * 1024)
/* Exit code of store.sh's read where there is no such file. */
#define STATUS_ABSENT 3

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

int store_fail(const struct store *store, const char *file, struct err *err)
{
	bool full = errno == ENOSPC || errno == EDQUOT;

	(void)err_errno(err, EXIT_FAILED, "%s: '%s/%s'", store->host->name, store->dir, file);
	return full ? err_append(err, STORE_FULL) : -1;
}

int store_open_file(const struct store *store, const char *file, int flags)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", store->dir, file);

	if (flags & O_CREAT)
		(void)mkdir(store->dir, 0700);
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
}

int store_write_all(int fd, const char *text)
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
	int fd = store_open_file(store, file, O_RDONLY);
	*ret_found = false;
	if (fd < 0)
		return errno == ENOENT ? 0 : store_fail(store, file, err);
	int status = read_all(fd, ret);
	if (status < 0)
		(void)store_fail(store, file, err);
	*ret_found = status == 0;
	fd_close(&fd);
	return status;
}

static int append(const struct store *store, const char *file, const char *text, bool sync,
		  struct err *err)
{
	int fd = store_open_file(store, file, O_WRONLY | O_CREAT | O_APPEND);

	if (fd < 0)
		return store_fail(store, file, err);
	off_t before = lseek(fd, 0, SEEK_END);
	int status = store_write_all(fd, text);
	bool torn = status < 0;
	if (status == 0 && sync)
		status = fdatasync(fd);
	if (status < 0)
		(void)store_fail(store, file, err);
	/* Half a line in the middle would be damage once there is room again. */
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
	int fd = store_open_file(store, temp, O_WRONLY | O_CREAT | O_TRUNC);
	int dir = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = fd < 0 || dir < 0 || store_write_all(fd, text) < 0 || fsync(fd) < 0 ||
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
	return replace_here(store, file, text) < 0 ? store_fail(store, file, err) : 0;
}

int store_remove(const struct store *store, const char *file, struct err *err)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", store->dir, file);

	if (!host_is_local(store->host))
		return remote_done(store, "remove", file, NULL, err);
	return unlink(path) < 0 && errno != ENOENT ? store_fail(store, file, err) : 0;
}
