/* SPDX-License-Identifier: MIT */
/* Agents of the same move. Those that run on this machine for others are of another move. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/request/rivals.h"

static char id[32];

/* A process that serves the move until it is killed. */
static pid_t rival(void)
{
	int ready[2];
	char byte = 0;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)rivals_serve(id);
		(void)!write(ready[1], &byte, 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static int end_all(char **ret_err)
{
	struct request req = {.wake = eventfd(0, EFD_CLOEXEC)};
	int status = rivals_end(&req, id);

	*ret_err = buf_steal(&req.err);
	(void)close(req.wake);
	return status;
}

static void others_are_ended(void **state)
{
	CLEANUP_FREE char *err = NULL;
	pid_t first = rival(), second = rival();
	int status;

	(void)state;
	assert_int_equal(rivals_serve(id), 0);
	/* Nobody could end a second one of that name. */
	assert_int_equal(rivals_serve(id), -1);
	assert_int_equal(end_all(&err), 0);
	assert_string_equal(err, "");
	assert_int_equal(waitpid(first, &status, 0), first);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(waitpid(second, NULL, 0), second);
}

/* Any user may connect, as often as the queue has room. */
static void one_that_can_not_be_asked_is_not_gone(void **state)
{
	CLEANUP_FREE char *err = NULL;
	pid_t pid = rival();
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int last = 0;

	(void)state;
	int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "cmigrate-agent/%s/%d", id,
			   (int)pid);
	for (int i = 0; i < 65536 && last == 0; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		last = connect(
			fd, (struct sockaddr *)&name,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len));
		(void)close(fd);
	}
	assert_int_equal(last, -1);
	assert_int_equal(end_all(&err), 1);
	assert_non_null(strstr(err, "can't tell which process listens on '@cmigrate-agent/"));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_ended),
		cmocka_unit_test(one_that_can_not_be_asked_is_not_gone),
	};

	(void)snprintf(id, sizeof(id), "20240506T070809-%08x", (unsigned)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
