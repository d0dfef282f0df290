/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/proc.h"
#include "slowness.h"
#include "stub.h"

#define WAIT_MS scaled_ms(5000)

/* So many waits end as if a signal had come. */
static int interrupted_waits;

/* In place of the C library's. */
pid_t waitpid(pid_t pid, int *status, int options)
{
	if (interrupted_waits > 0) {
		interrupted_waits--;
		errno = EINTR;
		return -1;
	}
	return wait4(pid, status, options, NULL);
}

/* Reads fd to its end. */
static char *read_end(int fd)
{
	struct buf text = {0};
	int64_t end = deadline_in_ms(WAIT_MS);
	char chunk[4096];
	ssize_t n = -1;

	while (n != 0 && !deadline_passed(end)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		(void)poll(&p, 1, deadline_poll_ms(end));
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(&text, chunk, (size_t)n);
	}
	assert_int_equal(n, 0);
	return buf_steal(&text);
}

static int status_of(struct proc *p)
{
	int status = -1;

	for (int64_t end = deadline_in_ms(WAIT_MS); !proc_reap(p, &status);) {
		assert_false(deadline_passed(end));
		clock_sleep_ms(1);
	}
	return status;
}

/* Runs a shell command. Returns its output, and its status unless ret_status is NULL. */
static char *run_shell(const char *text, int *ret_status)
{
	char *argv[] = {"sh", "-c", (char *)(uintptr_t)text, NULL};
	struct err err = ERR_INIT;
	struct proc p;

	assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv}, &p, &err), 0);
	char *out = read_end(p.out);
	int status = status_of(&p);
	proc_close(&p);
	if (ret_status)
		*ret_status = status;
	return out;
}

static void a_missing_program(void **state)
{
	char *argv[] = {"no-such-program", NULL};
	struct proc p = {77, 78, 79, 80};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv}, &p, &err), -1);
	assert_int_equal(err.code, EXIT_FAILED);
	assert_string_equal(err.msg, "can't start 'no-such-program': No such file or directory");
	assert_int_equal(p.pid, 77);
	/* No child is left to reap. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_log_that_cant_be_made(void **state)
{
	char *argv[] = {"true", NULL};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	assert_int_equal(
		proc_spawn(&(struct proc_spec){.argv = argv, .log = "/proc/none/log"}, &p, &err),
		-1);
	assert_string_equal(err.msg,
			    "can't write '/proc/none/log' for 'true': No such file or directory");
}

/* Signals come without SA_RESTART. */
static void a_signal_leaves_no_zombie(void **state)
{
	char *argv[] = {"no-such-program", NULL};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	interrupted_waits = 2;
	assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv}, &p, &err), -1);
	assert_string_equal(err.msg, "can't start 'no-such-program': No such file or directory");
	assert_int_equal(interrupted_waits, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_signal_does_not_lose_the_exit_code(void **state)
{
	char *argv[] = {"sh", "-c", "exit 77", NULL};
	struct err err = ERR_INIT;
	struct proc p;
	int status = -1;

	(void)state;
	assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv}, &p, &err), 0);
	interrupted_waits = 1;
	assert_false(proc_reap(&p, &status));
	assert_int_equal(status_of(&p), 77);
	proc_close(&p);
}

static void exit_codes(void **state)
{
	int status = -1;

	(void)state;
	free(run_shell("exit 0", &status));
	assert_int_equal(status, 0);
	free(run_shell("exit 77", &status));
	assert_int_equal(status, 77);
	free(run_shell("kill -9 $$", &status));
	assert_int_equal(status, 128 + SIGKILL);
	free(run_shell("kill -TERM $$", &status));
	assert_int_equal(status, 128 + SIGTERM);
}

static void output_and_errors_are_separate(void **state)
{
	char *argv[] = {"sh", "-c", "echo out; echo err >&2", NULL};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv}, &p, &err), 0);
	assert_int_equal(p.in, -1);
	CLEANUP_FREE char *out = read_end(p.out), *errors = read_end(p.err);
	assert_string_equal(out, "out\n");
	assert_string_equal(errors, "err\n");
	assert_int_equal(status_of(&p), 0);
	proc_close(&p);
	assert_int_equal(p.out, -1);
}

static void words_are_passed_as_they_are(void **state)
{
	char *argv[] = {"printf", "[%s]", "", "a b", "$(id)", "`id`;*", "-x", "\n'\"", NULL};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv}, &p, &err), 0);
	CLEANUP_FREE char *out = read_end(p.out);
	assert_string_equal(out, "[][a b][$(id)][`id`;*][-x][\n'\"]");
	assert_int_equal(status_of(&p), 0);
	proc_close(&p);
}

static void the_environment(void **state)
{
	char *argv[] = {"sh", "-c", "echo \"$PROC_A|$PROC_B\"", NULL};
	char *env[] = {"PROC_A=1", "PROC_B=x y=$z", NULL};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	assert_int_equal(setenv("PROC_A", "before", 1), 0);
	assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv, .env = env}, &p, &err), 0);
	CLEANUP_FREE char *out = read_end(p.out);
	assert_string_equal(out, "1|x y=$z\n");
	assert_int_equal(status_of(&p), 0);
	proc_close(&p);
	assert_string_equal(getenv("PROC_A"), "before");
}

static void without_stdin_nothing_is_read(void **state)
{
	(void)state;
	CLEANUP_FREE char *out = run_shell("wc -c; readlink /proc/self/fd/0", NULL);
	assert_string_equal(out, "0\n/dev/null\n");
}

static void a_stdin(void **state)
{
	char *argv[] = {"cat", NULL};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	assert_int_equal(
		proc_spawn(&(struct proc_spec){.argv = argv, .with_stdin = true}, &p, &err), 0);
	assert_int_equal(write(p.in, "hello", 5), 5);
	fd_close(&p.in);
	CLEANUP_FREE char *out = read_end(p.out);
	assert_string_equal(out, "hello");
	assert_int_equal(status_of(&p), 0);
	proc_close(&p);
}

/* Not even a descriptor opened without close-on-exec by a library or by whoever started us. */
static void no_descriptor_is_inherited(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(dup2(null, 57), 57);
	CLEANUP_FREE char *out = run_shell("[ ! -e /proc/$$/fd/57 ] && echo closed", NULL);
	assert_string_equal(out, "closed\n");
	assert_int_equal(close(57) + close(null), 0);
}

static void signals_are_back_to_default(void **state)
{
	sigset_t all, old;

	(void)state;
	assert_ptr_not_equal(signal(SIGPIPE, SIG_IGN), SIG_ERR);
	(void)sigfillset(&all);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, &old), 0);
	/* The low 31 bits only: signals 32 and 33 are the C library's own and stay as they were. */
	CLEANUP_FREE char *out = run_shell("sed -n 's/^Sig\\(Blk\\|Ign\\):[^0-9a-f]*/0x/p' "
					   "/proc/self/status | while read -r set; do "
					   "echo $((set & 0x7fffffff)); done",
					   NULL);
	assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
	assert_string_equal(out, "0\n0\n");
}

static void a_session_of_its_own(void **state)
{
	(void)state;
	CLEANUP_FREE char *out = run_shell("ps -o sid=,pgid= -p $$ | tr -s ' ' '\\n' | sort -u | "
					   "grep -c .; ps -o sid= -p $$",
					   NULL);
	assert_true(str_starts(out, "1\n"));
	assert_int_not_equal(atoi(out + 2), getsid(0));
}

static void a_signal_reaches_grandchildren(void **state)
{
	char *argv[] = {"sh", "-c", "sleep 60 & echo $!; wait", NULL};
	struct err err = ERR_INIT;
	struct proc p;
	char line[32] = "";

	(void)state;
	assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv}, &p, &err), 0);
	struct pollfd f = {.fd = p.out, .events = POLLIN};
	assert_int_equal(poll(&f, 1, WAIT_MS), 1);
	assert_true(read(p.out, line, sizeof(line) - 1) > 0);
	proc_signal(&p, SIGKILL);
	assert_int_equal(status_of(&p), 128 + SIGKILL);
	/* The end of output shows that the child has gone. */
	free(read_end(p.out));
	proc_close(&p);
	/* A pid that has been reaped gets no signal any more. */
	proc_signal(&p, SIGKILL);
}

static void a_log(void **state)
{
	char *argv[] = {"sh", "-c", "echo out; echo err >&2", NULL};
	char *dir = stub_dir_make();
	CLEANUP_FREE char *log = str_fmt("%s/log", dir);
	CLEANUP_FREE char *show = str_fmt("cat '%s'", log);
	struct err err = ERR_INIT;
	struct proc p;
	struct stat st;

	(void)state;
	stub_program(dir, "log", "what was there before, and is longer");
	assert_int_equal(unlink(log), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			proc_spawn(&(struct proc_spec){.argv = argv, .log = log}, &p, &err), 0);
		assert_int_equal(p.out, -1);
		assert_int_equal(p.err, -1);
		assert_int_equal(status_of(&p), 0);
		proc_close(&p);
	}
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	CLEANUP_FREE char *text = run_shell(show, NULL);
	assert_string_equal(text, "out\nerr\n");
	stub_dir_remove(dir);
}

static void nothing_is_left_open(void **state)
{
	char *missing[] = {"no-such-program", NULL};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(close(before), 0);
	free(run_shell("echo", NULL));
	for (int i = 0; i < 3; i++)
		(void)proc_spawn(&(struct proc_spec){.argv = missing, .with_stdin = true}, &p,
				 &err);
	int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(close(after), 0);
	assert_int_equal(before, after);
}

/* The child waits at its log, a fifo, while the process that starts it is killed. */
static void a_child_of_nobody_does_not_begin(void **state)
{
	char *dir = stub_dir_make();
	CLEANUP_FREE char *log = str_fmt("%s/log", dir), *mark = str_fmt("%s/mark", dir);
	CLEANUP_FREE char *record = str_fmt("%s/record", dir);
	char *argv[] = {"touch", mark, NULL};
	const struct proc_spec spec = {.argv = argv, .log = log, .record = record};
	struct err err = ERR_INIT;
	struct proc p;

	(void)state;
	assert_int_equal(mkfifo(log, 0600), 0);
	pid_t parent = fork();
	if (parent == 0)
		_exit(proc_spawn(&spec, &p, &err) == 0);
	CLEANUP_FREE char *children = str_fmt("/proc/%d/task/%d/children", parent, parent);
	for (char first = '\0'; !first; clock_sleep_ms(1)) {
		int fd = open(children, O_RDONLY | O_CLOEXEC);
		(void)!read(fd, &first, 1);
		(void)close(fd);
	}
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	free(read_end(fd));
	(void)close(fd);
	assert_int_equal(access(mark, F_OK), -1);
	stub_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_program),
		cmocka_unit_test(a_log_that_cant_be_made),
		cmocka_unit_test(a_signal_leaves_no_zombie),
		cmocka_unit_test(a_signal_does_not_lose_the_exit_code),
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(output_and_errors_are_separate),
		cmocka_unit_test(words_are_passed_as_they_are),
		cmocka_unit_test(the_environment),
		cmocka_unit_test(without_stdin_nothing_is_read),
		cmocka_unit_test(a_stdin),
		cmocka_unit_test(no_descriptor_is_inherited),
		cmocka_unit_test(signals_are_back_to_default),
		cmocka_unit_test(a_session_of_its_own),
		cmocka_unit_test(a_signal_reaches_grandchildren),
		cmocka_unit_test(a_log),
		cmocka_unit_test(a_child_of_nobody_does_not_begin),
		cmocka_unit_test(nothing_is_left_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
