/* SPDX-License-Identifier: MIT */
#include "rivals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmigrate/base/name.h"
#include "process.h"

/* How long an agent that was killed may take to end. */
#define END_MS 5000
#define TICK_MS 5
/* A name of a socket: without the NUL before it, as /proc/net/unix has it after an '@'. */
#define NAME "cmigrate-agent/%s/"
#define SOCKETS_MAX (16 * 1024 * 1024)

static socklen_t name_socket(struct sockaddr_un *name, const char *text)
{
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	(void)snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "%s", text);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text));
}

int rivals_serve(const char *id)
{
	struct sockaddr_un name;
	struct err unused = ERR_INIT;

	if (name_check_id(id, &unused) < 0)
		return 0;
	CLEANUP_FREE char *text = str_fmt(NAME "%d", id, (int)getpid());
	socklen_t len = name_socket(&name, text);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* It is kept until the agent ends. Nobody is ever accepted. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) < 0)
		return -1;
	return listen(fd, SOMAXCONN);
}

/* The process of our own user that listens there; 0: none; -1 with errno: it can't be told. */
static pid_t listener(const char *text)
{
	struct sockaddr_un name;
	struct ucred who = {0};
	socklen_t len = name_socket(&name, text), size = sizeof(who);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool known = fd >= 0 && connect(fd, (struct sockaddr *)&name, len) == 0 &&
		     getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
	int cause = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = cause;
	if (!known)
		return cause == ECONNREFUSED ? 0 : -1;
	return who.uid == geteuid() && who.pid > 0 ? who.pid : 0;
}

static void collect(const char *id, struct argv *ret_names)
{
	CLEANUP_FREE char *sockets = process_file(getpid(), "net/unix", SOCKETS_MAX, NULL);
	CLEANUP_FREE char *mark = str_fmt("@" NAME, id);
	char *save = NULL;

	for (char *line = sockets ? strtok_r(sockets, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *name = strstr(line, mark);
		if (name && !argv_has(ret_names, name + 1))
			argv_add(ret_names, name + 1);
	}
}

static int end_one(struct request *req, const char *name)
{
	pid_t pid = listener(name);

	/* Others may have filled its queue: it must not count as gone. */
	if (pid < 0)
		return request_errno(req, "can't tell which process listens on '@%s'", name);
	if (!pid || pid == getpid())
		return 0;
	/* Its programs follow it (program.h). */
	(void)kill(pid, SIGKILL);
	for (int ms = 0; ms < END_MS; ms += TICK_MS) {
		if (process_has_ended(pid))
			return 0;
		if (!request_sleep(req, TICK_MS))
			break;
	}
	return request_fail(req, "an earlier cmigrate of this move (process %d) does not end",
			    (int)pid);
}

int rivals_end(struct request *req, const char *id)
{
	CLEANUP_ARGV struct argv names = {0};
	int status = 0;

	collect(id, &names);
	for (size_t i = 0; i < names.n; i++)
		status |= end_one(req, names.v[i]);
	return status;
}
