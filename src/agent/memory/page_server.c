/* SPDX-License-Identifier: MIT */
/* The connections of a page server, on either side of them. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/network/sock_diag.h"
#include "agent/request/paths.h"
#include "agent/request/session.h"
#include "cmigrate/base/deadline.h"

#define CUT_MS 2000
#define CUT_AGAIN_MS 20
#define NUDGE_MS 4000
#define NUDGE_AGAIN_MS 100
#define CONNECT_MS 1000

struct sockets {
	unsigned n;
	unsigned long long sent;
};

static bool count(const struct sock *sock, void *ctx)
{
	struct sockets *sockets = ctx;

	sockets->n++;
	if (sock->bytes_acked > sockets->sent)
		sockets->sent = sock->bytes_acked;
	return true;
}

/* server port: prints how many bytes the page server at that port of this host has sent, as
 * far as they have arrived, and how many sockets it has or has had: data that it has sent may
 * arrive after its end. */
int verb_server(struct request *req)
{
	struct sock_match match = {.sport = (unsigned)request_number(req, "port")};
	struct sockets sockets = {0};

	if (sock_list(req, &match, count, &sockets) < 0)
		return 1;
	request_say(req, "%llu %u\n", sockets.sent, sockets.n);
	return 0;
}

/*
 * cut op=dump|fetch container server port: ends the connection of the dump or of what fetches
 * memory with the page server there, again and again until that program has ended: it would wait
 * for a host that is gone for minutes, or for ever if it has nothing left to send. A dump sends
 * memory there while it holds the container's processes: CRIU releases them alive. Whoever waits
 * for a fetch ends the copy that lacks its memory (fetch_keeper.c).
 */
int verb_cut(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record =
		session_path(run, request_is(req, "op", "dump") ? SESSION_DUMP : SESSION_FETCH);
	const struct sock_match match = {.dst = request_get(req, "server"),
					 .dport = (unsigned)request_number(req, "port"),
					 .states = TCP_CONNECTED};
	int64_t end = deadline_in_ms(CUT_MS);

	if (!request_is(req, "op", "dump") && !request_is(req, "op", "fetch"))
		return request_fail(req, "'cut' is for a dump or a fetch");
	while (session_lives(record) && !deadline_passed(end)) {
		if (sock_kill(req, &match) < 0)
			return 1;
		if (!request_sleep(req, CUT_AGAIN_MS))
			return 1;
	}
	return 0;
}

static int open_address(const char *ip, unsigned port, struct sockaddr_storage *ret,
			socklen_t *ret_len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*ret_len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(*v6);
	} else {
		return -1;
	}
	return socket(ret->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Connects and closes again: a page server that waits for its client ends with this one. */
static void knock(struct request *req, const char *ip, unsigned port)
{
	struct sockaddr_storage to;
	socklen_t len = 0;
	int fd = open_address(ip, port, &to, &len);

	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&to, len) < 0 && errno == EINPROGRESS)
		(void)request_wait(req, fd, POLLOUT, CONNECT_MS);
	(void)close(fd);
}

/* nudge container server port: makes a page server end (criu, in the dump of this host),
 * whether it waits for a connection or has a dead one: then CRIU releases the source's processes,
 * which stay frozen. */
int verb_nudge(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_DUMP);
	const struct sock_match match = {.sport = (unsigned)request_number(req, "port"),
					 .states = TCP_CONNECTED};
	int64_t end = deadline_in_ms(NUDGE_MS);

	while (session_lives(record) && !deadline_passed(end)) {
		if (sock_kill(req, &match) < 0)
			return 1;
		knock(req, request_get(req, "server"), match.sport);
		if (!request_sleep(req, NUDGE_AGAIN_MS))
			return 1;
	}
	return 0;
}
