/* SPDX-License-Identifier: MIT */
/* Processes that are held: more than there may be open files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/request/held.h"
#include "cmigrate/base/deadline.h"
#include "slowness.h"

#define MANY 300
#define FILES 290

static pid_t children[MANY];

static void find_children(struct pids *ret, void *ctx)
{
	(void)ctx;
	for (size_t i = 0; i < MANY; i++)
		pids_add(ret, children[i]);
}

static void all_of_many(void **state)
{
	const struct rlimit few = {FILES, FILES};
	struct request req = {.wake = eventfd(0, EFD_CLOEXEC),
			      .deadline = deadline_in_ms(scaled_ms(20000))};
	CLEANUP_HELD struct held held = {0};

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				(void)pause();
		}
		assert_true(children[i] > 0);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	held_find(&held, find_children, NULL);
	assert_int_equal(held.n, MANY);
	held_kill(&held, NULL);
	assert_true(held_wait(&req, &held, -1));
	for (size_t i = 0; i < MANY; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	(void)close(req.wake);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
