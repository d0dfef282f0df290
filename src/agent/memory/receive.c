/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/request/keeper.h"
#include "agent/request/paths.h"
#include "agent/request/session.h"

#define SECONDS_MAX 1000000

/* Waits until the page server listens; fails if it has ended instead. */
static int listens(struct request *req)
{
	CLEANUP_FREE char *path = path_in_run(req, "listens");
	char byte;
	/* Without a writer yet it has no end: that of the last one is what is waited for. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return request_errno(req, "'%s'", path);
	int status = request_wait(req, fd, POLLIN, -1);
	bool said = status == 1 && read(fd, &byte, 1) == 1;
	(void)close(fd);
	if (status == 1 && !said)
		return request_fail(req, "the page server has ended");
	return !said;
}

/* receive op=start container seconds (server port | id) [pass] [parent], op=listens container:
 * receive_keeper.c. */
int verb_receive(struct request *req)
{
	if (request_is(req, "op", "listens"))
		return listens(req);
	if (!request_is(req, "op", "start"))
		return request_fail(req, "'receive' has no such op");
	if (request_has(req, "server") != request_has(req, "port") ||
	    request_has(req, "server") == request_has(req, "id"))
		return request_fail(req, "'receive' needs 'id', or 'server' together with 'port'");
	/* None waits for ever. */
	if (request_number(req, "seconds") - 1 >= SECONDS_MAX)
		return request_fail(req, "'receive' waits %d seconds at most", SECONDS_MAX);
	return keeper_serve(req, "receive-keeper", SESSION_RECEIVE, NULL);
}
