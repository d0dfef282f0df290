/* SPDX-License-Identifier: MIT */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

/* Reads and closes. */
static char *read_all(int fd, size_t max, size_t *ret_len)
{
	struct buf text = {0};
	char chunk[4096];
	ssize_t n = 1;

	if (fd < 0)
		return NULL;
	while (text.len < max && n > 0) {
		size_t want = max - text.len < sizeof(chunk) ? max - text.len : sizeof(chunk);
		n = read(fd, chunk, want);
		if (n > 0)
			buf_add(&text, chunk, (size_t)n);
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	int cause = errno;
	(void)close(fd);
	errno = cause;
	if (n < 0) {
		buf_clear(&text);
		return NULL;
	}
	if (ret_len)
		*ret_len = text.len;
	return buf_steal(&text);
}

/* A fifo in the place of a file must not block. */
#define FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

char *text_file_read(const char *path, size_t max, size_t *ret_len)
{
	return read_all(open(path, FLAGS), max, ret_len);
}

char *text_file_read_at(int dir, const char *file, size_t max, size_t *ret_len)
{
	return read_all(openat(dir, file, FLAGS | O_NOFOLLOW), max, ret_len);
}

char *text_file_field(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *found = NULL;
	size_t size = 0;

	while (file && !found && getline(&line, &size, file) > 0)
		if (str_starts(line, word))
			found = str_dup(str_trim(line + strlen(word)));
	free(line);
	if (file)
		(void)fclose(file);
	return found ? found : str_dup("");
}

static int write_to(const char *path, int flags, const struct buf *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | flags, 0600);
	size_t done = 0;

	if (fd < 0)
		return -1;
	while (done < text->len) {
		ssize_t n = write(fd, text->s + done, text->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int saved = errno;
			close(fd);
			errno = saved;
			return -1;
		}
		done += (size_t)n;
	}
	/* On a network file system a full disk may show only here. */
	return close(fd);
}

int text_file_write(const char *path, const struct buf *text)
{
	return write_to(path, O_TRUNC, text);
}

int text_file_append(const char *path, const struct buf *text)
{
	return write_to(path, O_APPEND, text);
}
