/* SPDX-License-Identifier: MIT */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

int netns_enter(struct request *req, struct netns *ret)
{
	const char *file = request_get(req, "netns");

	ret->own = -1;
	if (!file)
		return 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 1;
	/* /proc/thread-self: of this thread, which may differ from the process. */
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || own < 0 || setns(fd, CLONE_NEWNET) < 0) {
		(void)request_errno(req, "can't enter the network namespace '%s'", file);
		if (fd >= 0)
			(void)close(fd);
		if (own >= 0)
			(void)close(own);
		return -1;
	}
	(void)close(fd);
	ret->own = own;
	return 0;
}

void netns_leave(struct netns *netns)
{
	if (netns->own < 0)
		return;
	/* It can't fail: we were there. If it did, the thread must not serve anybody else. */
	if (setns(netns->own, CLONE_NEWNET) < 0)
		_exit(1);
	(void)close(netns->own);
	netns->own = -1;
}
