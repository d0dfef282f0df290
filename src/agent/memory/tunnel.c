/* SPDX-License-Identifier: MIT */
#include "tunnel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/request/named_socket.h"
#include "cmigrate/base/page_port.h"
#include "cmigrate/base/proc.h"

#define NAME "cmigrate-tunnel/%s"
/* criu asks for pages without waiting for room. Each of its questions takes up to a kilobyte. */
#define QUESTIONS_BYTES (8 * 1024 * 1024)

static struct tunnel prepared = {.listener = -1};

/* It is there for close-tunnel too. -1 with a message. */
static int listen_by_name(struct request *req)
{
	CLEANUP_FREE char *name = str_fmt(NAME, request_get(req, "id"));
	int fd = named_socket_listen(name);

	if (fd < 0)
		(void)request_errno(req, "can't listen on '@%s'", name);
	return fd;
}

/*
 * A port of the loopback that nobody else gets: no other tunnel binds it, because it does that
 * before it sets SO_REUSEADDR, but criu does, which sets that first. -1 with errno.
 */
static int bind_port(unsigned port)
{
	const int on = 1;
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0)
		return fd;
	int cause = errno;
	fd_close(&fd);
	errno = cause;
	return -1;
}

/* One of the next ports is free. */
static int take_port(struct request *req, unsigned *ret_port)
{
	unsigned first = (unsigned)request_number(req, "port");

	for (unsigned port = first; port < first + PAGE_PORTS; port++) {
		int fd = bind_port(port);
		*ret_port = port;
		if (fd >= 0 || errno != EADDRINUSE)
			return fd;
	}
	return -1;
}

static int prepare_source(struct request *req, bool sends)
{
	unsigned port = 0;
	int fd = request_has(req, "port") ? take_port(req, &port) : -1;

	if (fd < 0 || (sends && listen(fd, 1) < 0)) {
		fd_close(&fd);
		return request_errno(req, "no port of the loopback for memory");
	}
	/* The port is kept as long as the tunnel lives. */
	prepared = (struct tunnel){sends ? fd : -1, true, port, !sends};
	request_say(req, "%u\n", port);
	return 0;
}

int verb_tunnel(struct request *req)
{
	const bool sends = request_is(req, "op", "send");

	if (!sends && !request_is(req, "op", "serve") && !request_is(req, "op", "take"))
		return request_fail(req, "'tunnel' has no such op");
	int fd = listen_by_name(req);
	if (fd < 0)
		return 1;
	if (!request_is(req, "op", "take"))
		return prepare_source(req, sends);
	prepared = (struct tunnel){.listener = fd};
	return 0;
}

int verb_close_tunnel(struct request *req)
{
	CLEANUP_FREE char *name = str_fmt(NAME, request_get(req, "id"));

	return named_socket_end(req, name);
}

int tunnel_serve(int in, int out, struct buf *heard)
{
	return tunnel_carry(&prepared, in, out, heard);
}

int tunnel_connect(struct request *req)
{
	CLEANUP_FREE char *name = str_fmt(NAME, request_get(req, "id"));
	const int room = QUESTIONS_BYTES;
	int fd = named_socket_connect(name);

	if (fd < 0) {
		(void)request_errno(req, "the tunnel for memory is gone");
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	/* criu waits in reads and writes. */
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, 0);
	return fd;
}
