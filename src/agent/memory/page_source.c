/* SPDX-License-Identifier: MIT */
#include "page_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "page_entries.h"

/* Commands of CRIU (PS_IOV_*), and where the flags of an answer are in one. */
enum { ADD = 6, GET = 7, CLOSE = 0x1023, FORCE_CLOSE = 0x1024 };
#define COMMAND_BITS 16

/* A request, and the head of an answer; struct page_server_iov of CRIU. */
struct narrow {
	uint32_t command, pages;
	uint64_t address, pid;
};

struct wide { /* from 4.2 on */
	uint32_t command, unused;
	uint64_t pages, address, pid;
};

int page_source_open(struct page_source *source)
{
	int fds[2];

	*source = (struct page_source){.fd = -1, .client = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return -1;
	source->fd = fds[0];
	source->client = fds[1];
	return fcntl(source->fd, F_SETFD, FD_CLOEXEC);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void page_source_leave_client(struct page_source *source)
{
	close_fd(&source->client);
}

void page_source_close(struct page_source *source)
{
	close_fd(&source->fd);
	close_fd(&source->client);
	flat_images_clear(&source->images);
}

static bool receive(int fd, void *data, size_t size)
{
	return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

static bool send_all(int fd, const void *data, size_t size)
{
	return send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* It is narrow if what it asks for is there: in a wide one those numbers are others. */
static bool is_wide(const struct page_source *source, const struct narrow *n)
{
	const struct page_map *map = flat_images_map(&source->images, n->pid);

	return !map || !page_map_find(map, n->address);
}

/* False: it is the last one, or broken. */
static bool receive_request(struct page_source *source, struct wide *ret)
{
	struct narrow n;
	const int32_t status = 0;

	if (!receive(source->fd, &n, sizeof(n)))
		return false;
	if (n.command == CLOSE || n.command == FORCE_CLOSE)
		(void)send_all(source->fd, &status, sizeof(status));
	if (n.command != GET)
		return false;
	if (!source->asked)
		source->wide = is_wide(source, &n);
	source->asked = true;
	if (!source->wide) {
		*ret = (struct wide){n.command, 0, n.pages, n.address, n.pid};
		return true;
	}
	memcpy(ret, &n, sizeof(n));
	return receive(source->fd, (char *)ret + sizeof(n), sizeof(*ret) - sizeof(n));
}

static bool send_head(const struct page_source *source, struct wide head)
{
	head.command = PAGE_PRESENT << COMMAND_BITS | ADD;
	if (source->wide)
		return send_all(source->fd, &head, sizeof(head));
	struct narrow n = {head.command, (uint32_t)head.pages, head.address, head.pid};
	return send_all(source->fd, &n, sizeof(n));
}

/* The pages from one address to another, if they are all there. */
static bool send_pages(struct page_source *source, struct page_map *map, uint64_t at, uint64_t end)
{
	while (at < end) {
		const struct page_range *range = page_map_find(map, at);
		int file = range ? page_map_file(map, &source->images.layers, range) : -1;
		if (file < 0)
			return false;
		off_t offset = (off_t)(range->offset + (at - range->start));
		uint64_t left = (range->end < end ? range->end : end) - at;
		at += left;
		while (left) {
			ssize_t n = sendfile(source->fd, file, &offset, left);
			if (n == 0 || (n < 0 && errno != EINTR))
				return false;
			left -= n > 0 ? (uint64_t)n : 0;
		}
	}
	return true;
}

static bool answer(struct page_source *source)
{
	struct wide request;

	if (!receive_request(source, &request))
		return false;
	struct page_map *map = flat_images_map(&source->images, request.pid);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (!map || request.pages > (UINT64_MAX - request.address) / page)
		return false;
	return send_head(source, request) &&
	       send_pages(source, map, request.address, request.address + request.pages * page);
}

bool page_source_serve(struct page_source *source, int ms)
{
	const int64_t end = deadline_in_ms(ms);
	struct pollfd fd = {source->fd, POLLIN, 0};

	if (source->fd < 0)
		return false;
	do {
		int n = poll(&fd, 1, deadline_poll_ms(end));
		if (n > 0 && !answer(source)) {
			close_fd(&source->fd);
			return false;
		}
	} while (!deadline_passed(end));
	return true;
}
