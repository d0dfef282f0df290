/* SPDX-License-Identifier: MIT */
/* Limits how fast CRIU sends memory: the kernel paces each connection, without a queue of its own
 * at the device. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/network/sock_diag.h"
#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/session.h"
#include "cmigrate/base/proc.h"

/* How often a new connection is looked for: it sends unlimited until then. */
#define LOOK_MS 10

int verb_pace(struct request *req);

/* Ends of connections with the page server here, one of which CRIU has. */
#define ENDS_MAX 4
struct ends {
	uint32_t inode[ENDS_MAX];
	size_t n;
};

static bool keep_end(const struct sock *sock, void *ctx)
{
	struct ends *ends = ctx;

	if (sock->inode)
		ends->inode[ends->n++] = sock->inode;
	return ends->n < ENDS_MAX;
}

/* The sender is the page server's client in a dump, and the page server itself in post-copy. */
static int find_ends(struct request *req, struct ends *ret)
{
	const unsigned port = (unsigned)request_number(req, "port");
	const char *server = request_get(req, "server");
	const struct sock_match as_client = {.dst = server, .dport = port, .states = TCP_CONNECTED},
				as_server = {.src = server, .sport = port, .states = TCP_CONNECTED};

	ret->n = 0;
	if (sock_list(req, &as_client, keep_end, ret) < 0)
		return -1;
	return ret->n == ENDS_MAX ? 0 : sock_list(req, &as_server, keep_end, ret);
}

/* The number of the descriptor of that socket; -1: it has none. */
static int descriptor_of(pid_t pid, uint32_t inode)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/fd", (int)pid);
	CLEANUP_FREE char *wanted = str_fmt("socket:[%u]", inode);
	DIR *dir = opendir(path);
	int found = -1;

	for (struct dirent *e; dir && found < 0 && (e = readdir(dir)) != NULL;) {
		CLEANUP_FREE char *link = str_fmt("fd/%s", e->d_name);
		CLEANUP_FREE char *to = *e->d_name == '.' ? NULL : process_link(pid, link);
		if (to && strcmp(to, wanted) == 0)
			found = atoi(e->d_name);
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

/* A duplicate of the descriptor of another process; -1 with errno. */
static int take_descriptor(pid_t pid, int number)
{
	int pidfd = process_pidfd(pid);
	int fd = pidfd < 0 ? -1 : process_take_fd(pidfd, number);
	int saved = errno;

	fd_close(&pidfd);
	errno = saved;
	return fd;
}

/* 1: it is paced; 0: no process of the dump has it (any more); -1 with errno. */
static int pace(const struct request *req, uint32_t inode)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_DUMP);
	const unsigned long rate = (unsigned long)request_number(req, "rate");
	CLEANUP_PIDS struct pids pids = {0};

	session_members(record, &pids);
	for (size_t i = 0; i < pids.n; i++) {
		int number = descriptor_of(pids.v[i], inode);
		int fd = number < 0 ? -1 : take_descriptor(pids.v[i], number);
		if (fd < 0 && number >= 0 && errno != ESRCH && errno != EBADF)
			return -1;
		if (fd < 0)
			continue;
		int status = setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate)) < 0
				     ? -1
				     : 1;
		fd_close(&fd);
		return status;
	}
	return 0;
}

/* Paces the one that the dump has, if that is another than *paced. -1 with a message. */
static int pace_new(struct request *req, uint32_t *paced)
{
	struct ends ends;

	if (find_ends(req, &ends) < 0)
		return -1;
	for (size_t i = 0; i < ends.n; i++)
		if (ends.inode[i] == *paced)
			return 0;
	for (size_t i = 0; i < ends.n; i++) {
		int status = pace(req, ends.inode[i]);
		if (status < 0) {
			(void)request_errno(
				req, "memory can't be sent more slowly (Linux 5.6 or newer can)");
			return -1;
		}
		if (status > 0) {
			*paced = ends.inode[i];
			return 0;
		}
	}
	return 0;
}

/*
 * pace container server port rate: from now on, until it is cancelled, no connection of the
 * container's dump, or of its passes, with the page server there gets more than so many bytes a
 * second.
 */
int verb_pace(struct request *req)
{
	uint32_t paced = 0;

	do {
		if (pace_new(req, &paced) < 0)
			return 1;
	} while (request_sleep(req, LOOK_MS));
	return 0;
}
