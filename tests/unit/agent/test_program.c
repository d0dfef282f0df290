/* SPDX-License-Identifier: MIT */
/* What becomes of a program of a move when its request, or the connection, ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/request/program.h"
#include "stub.h"

/* Starts one that would take a minute, ends its request, and returns the signal that it got; 0: it
 * goes on. */
static int signal_after(bool abandoned)
{
	char *dir = stub_dir_make();
	CLEANUP_FREE char *record = str_fmt("%s/restore.session", dir);
	char *argv[] = {"sleep", "60", NULL};
	struct request req = {.wake = eventfd(0, EFD_CLOEXEC)};
	struct child child;
	int status = 0;

	assert_int_equal(
		program_start(&req, &(struct program){.argv = argv, .session = record}, &child), 0);
	pid_t pid = child.pid;
	req.cancelled = true;
	req.abandoned = abandoned;
	assert_int_equal(program_wait(&req, &child, 0, NULL, NULL), PROGRAM_LATE);
	int sig = kill(pid, 0) < 0 ? SIGTERM : 0;
	if (sig == 0) {
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
		program_kill(&child);
	}
	buf_clear(&req.err);
	(void)close(req.wake);
	stub_dir_remove(dir);
	return sig;
}

static void a_request_that_is_cancelled(void **state)
{
	(void)state;
	assert_int_equal(signal_after(false), SIGTERM);
}

static void a_connection_that_ends(void **state)
{
	(void)state;
	assert_int_equal(signal_after(true), 0);
}

/* The mode of a directory that a program makes; the agent's umask is 077. */
static mode_t mode_made(bool for_container)
{
	char *dir = stub_dir_make();
	CLEANUP_FREE char *made = str_fmt("%s/made", dir);
	char *argv[] = {"mkdir", made, NULL};
	struct request req = {.wake = eventfd(0, EFD_CLOEXEC)};
	struct stat st;
	mode_t before = umask(077);

	assert_int_equal(
		program_run(&req, &(struct program){.argv = argv, .for_container = for_container},
			    NULL, NULL),
		0);
	assert_int_equal(umask(before), 077);
	assert_int_equal(stat(made, &st), 0);
	assert_int_equal(rmdir(made), 0);
	(void)close(req.wake);
	stub_dir_remove(dir);
	return st.st_mode & 0777;
}

static void what_is_made_for_a_container(void **state)
{
	(void)state;
	assert_int_equal(mode_made(true), 0755);
	assert_int_equal(mode_made(false), 0700);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_that_is_cancelled),
		cmocka_unit_test(a_connection_that_ends),
		cmocka_unit_test(what_is_made_for_a_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
