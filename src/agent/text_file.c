/* SPDX-License-Identifier: MIT */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

char *text_file_read(const char *path, size_t max, size_t *ret_len)
{
	struct buf text = {0};
	char block[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return NULL;
	while (text.len < max) {
		size_t room = max - text.len;
		ssize_t n = read(fd, block, room < sizeof(block) ? room : sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int saved = errno;
			close(fd);
			buf_clear(&text);
			errno = saved;
			return NULL;
		}
		if (n == 0)
			break;
		buf_add(&text, block, (size_t)n);
	}
	close(fd);
	if (ret_len)
		*ret_len = text.len;
	return buf_steal(&text);
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
