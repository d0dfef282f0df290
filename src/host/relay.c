/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"

/* The program that has started this one has no open files beyond that number. */
#define FILES_MAX 65536
#define AT_ONCE (1024 * 1024)
#define PIPE_BYTES (1024 * 1024)

/* From one program to the other. */
struct way {
	int from, to;
	bool full; /* it waits for room, else for bytes */
};

/* The files of the program that has started this one: its locks and its connections would stay. */
static void close_others(const struct proc proc[2])
{
	const int keep[] = {proc[0].in, proc[0].out, proc[0].err,
			    proc[1].in, proc[1].out, proc[1].err};
	const long most = sysconf(_SC_OPEN_MAX);

	for (int fd = 0; fd < FILES_MAX && fd < most; fd++) {
		bool kept = false;
		for (size_t i = 0; i < sizeof(keep) / sizeof(*keep); i++)
			kept = kept || keep[i] == fd;
		if (!kept)
			(void)close(fd);
	}
	for (int fd = 0; fd >= 0 && fd < 2;)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* False: the other program is gone. */
static bool write_all(int fd, const struct buf *text)
{
	for (size_t done = 0; done < text->len;) {
		struct pollfd room = {.fd = fd, .events = POLLOUT};
		ssize_t n = write(fd, text->s + done, text->len - done);
		if (n < 0 && errno == EAGAIN)
			(void)poll(&room, 1, -1);
		else if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* False: either end of it is gone. Both are pipes. */
static bool pass(struct way *way)
{
	ssize_t n =
		splice(way->from, NULL, way->to, NULL, AT_ONCE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	/* Bytes wait, so there was no room for them; or there is room, and none came. */
	if (n < 0 && errno == EAGAIN)
		way->full = !way->full;
	else
		way->full = false;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Reads what ssh says, for nobody. False: it has ended. */
static bool drop(int fd)
{
	char text[4096];
	ssize_t n = read(fd, text, sizeof(text));

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static _Noreturn void carry(const struct proc proc[2], struct way ways[2])
{
	int err[2] = {proc[0].err, proc[1].err};
	bool goes_on = true;

	while (goes_on) {
		struct pollfd fds[4];
		for (size_t i = 0; i < 2; i++) {
			fds[i] = ways[i].full
					 ? (struct pollfd){.fd = ways[i].to, .events = POLLOUT}
					 : (struct pollfd){.fd = ways[i].from, .events = POLLIN};
			fds[2 + i] = (struct pollfd){.fd = err[i], .events = POLLIN};
		}
		(void)poll(fds, 4, -1);
		for (size_t i = 0; i < 2; i++) {
			if (fds[i].revents)
				goes_on = pass(&ways[i]) && goes_on;
			if (fds[2 + i].revents && !drop(err[i]))
				err[i] = -1;
		}
	}
	_exit(0);
}

static _Noreturn void relay(const struct proc proc[2], const struct buf heard[2])
{
	struct way ways[2] = {{proc[0].out, proc[1].in, false}, {proc[1].out, proc[0].in, false}};

	(void)setsid();
	(void)prctl(PR_SET_NAME, "cmigrate-relay");
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	close_others(proc);
	for (size_t i = 0; i < 2; i++) {
		(void)fcntl(ways[i].to, F_SETPIPE_SZ, PIPE_BYTES);
		if (!write_all(ways[i].to, &heard[i]))
			_exit(1);
	}
	carry(proc, ways);
}

pid_t relay_start(const struct proc proc[2], const struct buf heard[2])
{
	pid_t pid = fork();

	if (pid == 0)
		relay(proc, heard);
	return pid;
}
