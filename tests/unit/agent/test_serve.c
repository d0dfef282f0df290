/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/serve/serve.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/base/str.h"
#include "cmigrate/protocol/frame.h"
#include "slowness.h"

/* Fills a pipe. Its writer's end stays as it is: one that blocks. */
static void fill(int fd)
{
	CLEANUP_FREE char *path = str_fmt("/proc/self/fd/%d", fd);
	int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	while (write(own, "", 1) == 1)
		;
	(void)close(own);
}

/* A controller that reads no more, and ends: its agent has locks to give back. */
static void an_end_is_noticed_by_an_agent_that_can_not_write(void **state)
{
	int in[2], out[2], status = -1;
	pid_t ended = 0;

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(in[1]);
		_exit(serve(in[0], out[1], NULL));
	}
	struct pollfd hello = {.fd = out[0], .events = POLLIN};
	assert_int_equal(poll(&hello, 1, scaled_ms(5000)), 1);
	fill(out[1]);
	/* Its next beat comes meanwhile. */
	clock_sleep_ms(BEAT_MS + 500);
	(void)close(in[1]);
	for (int64_t end = deadline_in_ms(scaled_ms(5000)); !ended && !deadline_passed(end);) {
		ended = waitpid(pid, &status, WNOHANG);
		clock_sleep_ms(5);
	}
	if (!ended)
		(void)kill(pid, SIGKILL);
	assert_int_equal(ended, pid);
	assert_true(WIFEXITED(status));
	(void)close(in[0]);
	(void)close(out[0]);
	(void)close(out[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_is_noticed_by_an_agent_that_can_not_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
