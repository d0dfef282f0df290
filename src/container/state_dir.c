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

#define STATE_DIR_LIMIT (1024 * 1024)
/* Exit code of store.sh's read where there is no such file. */
#define STATUS_ABSENT 3

void state_dir_init(struct state_dir *s, struct host *host, const char *bundle_dir)
{
	s->host = host;
	s->dir = str_fmt("%s/.cmigrate", bundle_dir);
}

void state_dir_clear(struct state_dir *s)
{
	free(s->dir);
	memset(s, 0, sizeof(*s));
}

static int remote(const struct state_dir *s, const char *verb, const char *file, const char *input,
		  struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_store, verb, s->dir, file, NULL);
	struct command cmd = {.argv = a.v,
			      .input = input,
			      .timeout_ms = STATE_DIR_TIMEOUT_MS,
			      .limit = STATE_DIR_LIMIT};
	return host_start(s->host, &cmd, job, err);
}

static int remote_done(const struct state_dir *s, const char *verb, const char *file,
		       const char *input, struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	if (remote(s, verb, file, input, &job, err) < 0)
		return -1;
	job_wait(&job);
	return job_failure(&job, err);
}

int store_fail(const struct state_dir *s, const char *file, struct err *err)
{
	bool full = errno == ENOSPC || errno == EDQUOT;

	(void)err_errno(err, EXIT_FAILED, "%s: '%s/%s'", s->host->name, s->dir, file);
	return full ? err_append(err, STORE_FULL) : -1;
}

int store_open_file(const struct state_dir *s, const char *file, int flags)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", s->dir, file);

	if (flags & O_CREAT)
		(void)mkdir(s->dir, 0700);
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

	while (ret->len <= STATE_DIR_LIMIT && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			buf_add(ret, chunk, (size_t)n);
	}
	if (ret->len <= STATE_DIR_LIMIT)
		return 0;
	errno = EFBIG;
	return -1;
}

static int remote_read(const struct state_dir *s, const char *file, struct buf *ret,
		       bool *ret_found, struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	if (remote(s, "read", file, NULL, &job, err) < 0)
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

int state_dir_read(const struct state_dir *s, const char *file, struct buf *ret, bool *ret_found,
		   struct err *err)
{
	if (!host_is_local(s->host))
		return remote_read(s, file, ret, ret_found, err);
	int fd = store_open_file(s, file, O_RDONLY);
	*ret_found = false;
	if (fd < 0)
		return errno == ENOENT ? 0 : store_fail(s, file, err);
	int status = read_all(fd, ret);
	if (status < 0)
		(void)store_fail(s, file, err);
	*ret_found = status == 0;
	fd_close(&fd);
	return status;
}

static int append(const struct state_dir *s, const char *file, const char *text, bool sync,
		  struct err *err)
{
	int fd = store_open_file(s, file, O_WRONLY | O_CREAT | O_APPEND);

	if (fd < 0)
		return store_fail(s, file, err);
	off_t before = lseek(fd, 0, SEEK_END);
	int status = store_write_all(fd, text);
	bool torn = status < 0;
	if (status == 0 && sync)
		status = fdatasync(fd);
	if (status < 0)
		(void)store_fail(s, file, err);
	/* Half a line in the middle would be damage once there is room again. */
	if (torn && before >= 0)
		(void)!ftruncate(fd, before);
	fd_close(&fd);
	return status;
}

int state_dir_append(const struct state_dir *s, const char *file, const char *text, struct err *err)
{
	if (!host_is_local(s->host))
		return remote_done(s, "append", file, text, err);
	return append(s, file, text, true, err);
}

int state_dir_append_later(const struct state_dir *s, const char *file, const char *text,
			   struct err *err)
{
	if (!host_is_local(s->host))
		return 0; /* the caller repeats it with the next state_dir_append() */
	return append(s, file, text, false, err);
}

static int replace_here(const struct state_dir *s, const char *file, const char *text)
{
	CLEANUP_FREE char *temp = str_fmt("%s.%d", file, (int)getpid());
	int fd = store_open_file(s, temp, O_WRONLY | O_CREAT | O_TRUNC);
	int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

int state_dir_replace(const struct state_dir *s, const char *file, const char *text,
		      struct err *err)
{
	if (!host_is_local(s->host))
		return remote_done(s, "replace", file, text, err);
	return replace_here(s, file, text) < 0 ? store_fail(s, file, err) : 0;
}

int state_dir_remove(const struct state_dir *s, const char *file, struct err *err)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", s->dir, file);

	if (!host_is_local(s->host))
		return remote_done(s, "remove", file, NULL, err);
	return unlink(path) < 0 && errno != ENOENT ? store_fail(s, file, err) : 0;
}
