/* SPDX-License-Identifier: MIT */
#include "named_socket.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmigrate/base/proc.h"
#include "process.h"

/* How long a process that was killed may take to end. */
#define END_MS 5000
#define TICK_MS 5

static socklen_t fill(struct sockaddr_un *ret, const char *name)
{
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	(void)snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1, "%s", name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static int fail(int fd)
{
	int cause = errno;

	fd_close(&fd);
	errno = cause;
	return -1;
}

int named_socket_listen(const char *name)
{
	struct sockaddr_un at;
	socklen_t len = fill(&at, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, SOMAXCONN) < 0)
		return fail(fd);
	return fd;
}

/* The process of our own user at the other end; 0: another's; -1 with errno: it can't be told. */
static pid_t peer(int fd)
{
	struct ucred who = {0};
	socklen_t size = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return -1;
	return who.uid == geteuid() && who.pid > 0 ? who.pid : 0;
}

static int connect_to(const char *name, pid_t *ret_pid)
{
	struct sockaddr_un to;
	socklen_t len = fill(&to, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, len) < 0)
		return fail(fd);
	*ret_pid = peer(fd);
	if (*ret_pid > 0)
		return fd;
	errno = *ret_pid ? errno : ECONNREFUSED;
	return fail(fd);
}

int named_socket_connect(const char *name)
{
	pid_t unused;

	return connect_to(name, &unused);
}

bool named_socket_is_ours(int fd)
{
	return peer(fd) > 0;
}

int named_socket_end(struct request *req, const char *name)
{
	pid_t pid = 0;
	CLEANUP_FREE char *shown = str_fmt("@%s", name);
	int fd = connect_to(name, &pid);

	/* Others may have filled its queue: it must not count as gone. */
	if (fd < 0 && errno != ECONNREFUSED)
		return request_errno(req, "can't tell which process listens on '%s'", shown);
	fd_close(&fd);
	if (pid <= 0 || pid == getpid())
		return 0;
	/* Its programs follow it (program.h). */
	(void)kill(pid, SIGKILL);
	for (int ms = 0; ms < END_MS; ms += TICK_MS) {
		if (process_has_ended(pid))
			return 0;
		if (!request_sleep(req, TICK_MS))
			break;
	}
	return request_fail(req, "process %d, which listens on '%s', does not end", (int)pid,
			    shown);
}
