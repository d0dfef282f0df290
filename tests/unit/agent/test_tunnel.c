/* SPDX-License-Identifier: MIT */
/* Both ends of a tunnel, each in a process, with pipes in the place of ssh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/memory/tunnel.h"
#include "agent/request/named_socket.h"
#include "cmigrate/base/proc.h"
#include "slowness.h"

#define NAME "cmigrate-tunnel/test"
/* More than fits into all buffers on the way. */
#define MUCH (24u << 20)
#define WAIT_MS 20000

struct ends {
	pid_t pid[2];	/* source, destination */
	int pipe[2][2]; /* to the source, to the destination */
	int port;
	int held; /* the source's socket with that port */
};

static void no_block(int fd, bool blocks)
{
	int flags = fcntl(fd, F_GETFL);

	assert_int_equal(fcntl(fd, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK), 0);
}

/* A port of the loopback: *ret_fd listens there, or only has it. */
static int take_port(bool listens, int *ret_fd)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	*ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*ret_fd, (struct sockaddr *)&at, len), 0);
	if (listens)
		assert_int_equal(listen(*ret_fd, 1), 0);
	assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static pid_t start(const struct tunnel *tunnel, int in, int out, const struct ends *e)
{
	struct buf none = {0};
	pid_t pid = fork();

	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 4; i++)
		if (e->pipe[i / 2][i % 2] != in && e->pipe[i / 2][i % 2] != out)
			(void)close(e->pipe[i / 2][i % 2]);
	_exit(tunnel_carry(tunnel, in, out, &none));
}

/* sends: criu of the source connects to the tunnel; else the tunnel connects to it. */
static void begin(struct ends *e, bool sends)
{
	int named = named_socket_listen(NAME);

	assert_true(named >= 0);
	e->port = take_port(true, &e->held);
	no_block(e->held, false);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pipe2(e->pipe[i], O_CLOEXEC), 0);
	e->pid[0] = start(&(struct tunnel){sends ? e->held : -1, true, (unsigned)e->port, !sends},
			  e->pipe[0][0], e->pipe[1][1], e);
	e->pid[1] = start(&(struct tunnel){.listener = named}, e->pipe[1][0], e->pipe[0][1], e);
	(void)close(named);
	for (int i = 0; i < 4; i++)
		(void)close(e->pipe[i / 2][i % 2]);
	no_block(e->held, true);
}

static void finish(struct ends *e)
{
	int status;

	for (int i = 0; i < 2; i++) {
		(void)kill(e->pid[i], SIGKILL);
		assert_int_equal(waitpid(e->pid[i], &status, 0), e->pid[i]);
	}
	(void)close(e->held);
}

static int connect_source(const struct ends *e)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)e->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static int connect_destination(void)
{
	int fd = named_socket_connect(NAME);

	assert_true(fd >= 0);
	no_block(fd, true);
	return fd;
}

/* Reads so many bytes, and not more than there are; false at the end of it. */
static bool read_all(int fd, void *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, scaled_ms(WAIT_MS)), 1);
		ssize_t n = read(fd, (char *)to + done, len - done);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool has_ended(int fd)
{
	char byte;

	return !read_all(fd, &byte, 1);
}

/* From one end to the other, by a process of its own. */
static void passes(int from, int to)
{
	char *sent = malloc(MUCH), *got = malloc(MUCH);
	int status;

	assert_non_null(sent);
	assert_non_null(got);
	for (size_t i = 0; i < MUCH; i++)
		sent[i] = (char)(i * 7 + (i >> 12));
	pid_t pid = fork();
	if (pid == 0) {
		size_t done = 0;
		ssize_t n;
		while (done < MUCH && (n = write(from, sent + done, MUCH - done)) > 0)
			done += (size_t)n;
		_exit(done == MUCH ? 0 : 1);
	}
	assert_true(read_all(to, got, MUCH));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_equal(sent, got, MUCH);
	free(sent);
	free(got);
}

/* A pass of pre-copy, and then the dump: one stream after the other. */
static void two_dumps(void **state)
{
	struct ends e;

	(void)state;
	begin(&e, true);
	for (int i = 0; i < 2; i++) {
		int there = connect_destination(), here = connect_source(&e);
		passes(here, there);
		passes(there, here);
		/* Each side is told of the other's end, and may still send. */
		assert_int_equal(shutdown(here, SHUT_WR), 0);
		assert_true(has_ended(there));
		assert_int_equal(write(there, "last", 4), 4);
		char word[4];
		assert_true(read_all(here, word, 4));
		(void)close(there);
		assert_true(has_ended(here));
		(void)close(here);
	}
	finish(&e);
}

/* Post-copy: criu listens later than the other one is connected, and before that asks. */
static void questions_and_pages(void **state)
{
	struct ends e;
	char word[4];

	(void)state;
	begin(&e, false);
	int there = connect_destination();
	assert_int_equal(write(there, "page", 4), 4);
	int here = accept4(e.held, NULL, NULL, SOCK_CLOEXEC);
	assert_true(here >= 0);
	assert_true(read_all(here, word, 4));
	passes(here, there);
	(void)close(here);
	assert_true(has_ended(there));
	(void)close(there);
	finish(&e);
}

/* criu of the destination dies in the middle: the source's must not wait. */
static void one_end_breaks(void **state)
{
	struct ends e;
	char *much = calloc(1, MUCH);

	(void)state;
	assert_non_null(much);
	(void)signal(SIGPIPE, SIG_IGN);
	begin(&e, true);
	int there = connect_destination(), here = connect_source(&e);
	assert_int_equal(write(here, "some", 4), 4);
	assert_true(read_all(there, much, 2));
	(void)close(there);
	ssize_t n;
	do
		n = write(here, much, MUCH);
	while (n > 0);
	assert_true(n < 0 && (errno == EPIPE || errno == ECONNRESET));
	(void)close(here);
	free(much);
	/* The next one gets through. */
	there = connect_destination();
	here = connect_source(&e);
	passes(here, there);
	(void)close(here);
	(void)close(there);
	finish(&e);
}

/* Nobody waits on the destination. */
static void nobody_is_there(void **state)
{
	struct ends e;

	(void)state;
	begin(&e, true);
	int here = connect_source(&e);
	assert_int_equal(write(here, "some", 4), 4);
	assert_true(has_ended(here));
	(void)close(here);
	finish(&e);
}

static void the_other_tunnel_dies(void **state)
{
	for (int dies = 0; dies < 2; dies++) {
		struct ends e;
		int status;
		(void)state;
		begin(&e, true);
		int there = connect_destination(), here = connect_source(&e);
		passes(here, there);
		(void)kill(e.pid[dies], SIGKILL);
		assert_true(has_ended(dies ? here : there));
		assert_int_equal(waitpid(e.pid[!dies], &status, 0), e.pid[!dies]);
		assert_int_equal(status, 0);
		e.pid[!dies] = fork();
		if (e.pid[!dies] == 0)
			_exit(0);
		(void)close(here);
		(void)close(there);
		finish(&e);
	}
}

/* Another user of this host. */
static void a_stranger_is_not_let_in(void **state)
{
	struct ends e;
	int status;

	(void)state;
	/* Only root can be somebody else. */
	if (geteuid() != 0)
		return;
	begin(&e, true);
	pid_t pid = fork();
	if (pid == 0) {
		if (setuid(12345) < 0)
			_exit(2);
		int fd = connect_source(&e);
		_exit(has_ended(fd) && named_socket_connect(NAME) < 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	int there = connect_destination(), here = connect_source(&e);
	passes(here, there);
	(void)close(here);
	(void)close(there);
	finish(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_dumps),
		cmocka_unit_test(questions_and_pages),
		cmocka_unit_test(one_end_breaks),
		cmocka_unit_test(nobody_is_there),
		cmocka_unit_test(the_other_tunnel_dies),
		cmocka_unit_test(a_stranger_is_not_let_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
