/* SPDX-License-Identifier: MIT */
/* Programs on this machine: hooks, other cmigrates. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/host/host.h"
#include "slowness.h"
#include "stub.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define SHELL(text) ((char *[]){"sh", "-c", (text), NULL})

static char *dir;

static struct host *here(void)
{
	return host_new("here", NULL, NULL, NULL);
}

static void failures_name_program_and_reason(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *said;
	} rows[] = {
		{"exit 3", 3, "ended with status 3"},
		{"echo first >&2; echo 'the reason' >&2; exit 1", 1, "status 1: the reason"},
		{"printf 'no line end' >&2; exit 1", 1, "status 1: no line end"},
		{"kill -9 $$", 128 + SIGKILL, "status 137"},
		{"exit 124", 124, "status 124"},
	};
	CLEANUP_HOST struct host *host = here();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_JOB struct job job = {0};
		struct command cmd = {.argv = SHELL((char *)(uintptr_t)rows[i].text),
				      .timeout_ms = scaled_ms(5000)};
		struct err err = ERR_INIT;
		assert_int_equal(host_start_program(host, &cmd, &job, &err), 0);
		job_wait(&job);
		assert_int_equal(job.status, rows[i].status);
		assert_false(job.timed_out || job.lost);
		assert_int_equal(job_failure(&job, &err), -1);
		assert_int_equal(err.code, EXIT_FAILED);
		assert_true(str_starts(err.msg, "here: "));
		if (!strstr(err.msg, rows[i].said))
			fail_msg("%s", err.msg);
	}
}

static void a_missing_program(void **state)
{
	char *argv[] = {"no-such-program", "x", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = scaled_ms(5000)};
	CLEANUP_HOST struct host *host = here();
	struct job job = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start_program(host, &cmd, &job, &err), -1);
	assert_non_null(strstr(err.msg, "no-such-program"));
}

static void its_environment_is_its_own(void **state)
{
	char *env[] = {"JOB_WORD=a b'$(id)", NULL};
	struct command cmd = {
		.argv = SHELL("echo \"$JOB_WORD\""), .env = env, .timeout_ms = scaled_ms(5000)};
	CLEANUP_HOST struct host *host = here();
	CLEANUP_JOB struct job job = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start_program(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_string_equal(buf_str(&job.out), "a b'$(id)\n");
	assert_null(getenv("JOB_WORD"));
}

/* A deadline ends it with its children, at once if it heeds SIGTERM. */
static void deadlines(void **state)
{
	struct command cmd = {.argv = SHELL("sleep 60 & wait"), .timeout_ms = 100};
	CLEANUP_HOST struct host *host = here();
	CLEANUP_JOB struct job job = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start_program(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_true(job.timed_out);
	assert_false(job.lost);
	assert_in_range((int)job_ms(&job), 100, scaled_ms(1050));
	assert_int_equal(job_failure(&job, &err), -1);
	assert_non_null(strstr(err.msg, "did not end within 0.1 s"));
}

static void a_deadline_for_one_that_ignores_sigterm(void **state)
{
	CLEANUP_FREE char *pid_file = str_fmt("%s/pid", dir);
	char *argv[] = {"sh", "-c", "trap '' TERM; (sleep 60) & echo $! >\"$0\"; wait; sleep 60",
			pid_file, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = scaled_ms(100)};
	CLEANUP_HOST struct host *host = here();
	CLEANUP_JOB struct job job = {0};
	struct err err = ERR_INIT;
	char digits[32] = "";

	(void)state;
	assert_int_equal(host_start_program(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_true(job.timed_out);
	assert_in_range((int)job_ms(&job), scaled_ms(100) + 1000, scaled_ms(5000));
	FILE *file = fopen(pid_file, "re");
	assert_non_null(file);
	assert_non_null(fgets(digits, sizeof(digits), file));
	assert_int_equal(fclose(file), 0);
	/* Gone, or a zombie that its parent has yet to reap. */
	CLEANUP_FREE char *gone =
		str_fmt("while grep -q '^State:.[^Z]' /proc/%d/status 2>/dev/null; do sleep 0.1; "
			"done",
			atoi(digits));
	assert_int_equal(system(gone), 0);
}

/* Like a process on a hung disk: no signal reaches it, and it does not end. */
static void one_that_cant_be_killed_is_lost(void **state)
{
	struct command cmd = {.argv = SHELL("exec sleep 60"), .timeout_ms = 50};
	CLEANUP_HOST struct host *host = here();
	CLEANUP_JOB struct job job = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start_program(host, &cmd, &job, &err), 0);
	pid_t real = job.proc.pid, other = fork();
	if (other == 0) {
		(void)pause(); /* this process is in our session: the job can't signal its group */
		_exit(0);
	}
	job.proc.pid = other;
	job_wait(&job);
	assert_true(job.lost && job.timed_out);
	assert_int_equal(job_failure(&job, &err), -1);
	assert_int_equal(err.cause, CAUSE_LOST_HOST);
	assert_non_null(strstr(err.msg, "can't be killed"));
	assert_int_equal(kill(real, SIGKILL), 0);
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(real, NULL, 0), real);
	assert_int_equal(waitpid(other, NULL, 0), other);
}

/* Constant output can't keep it from its deadline. */
static void a_writer_without_end(void **state)
{
	struct command cmd = {.argv = SHELL("exec yes"), .timeout_ms = 300, .limit = 1000};
	CLEANUP_HOST struct host *host = here();
	CLEANUP_JOB struct job job = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start_program(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_true(job.timed_out);
	assert_true(job.truncated);
	assert_true(job.out.len <= 1000);
	assert_in_range((int)job_ms(&job), 300, scaled_ms(5000));
}

/* Waits until the file exists, then prints its second word. */
#define WAITS_FOR(file, word)                                                                      \
	(char *[])                                                                                 \
	{                                                                                          \
		"sh", "-c", "until [ -e \"$0\" ]; do sleep 0.01; done; echo \"$1\"", file, word,   \
			NULL                                                                       \
	}

static void touch(const char *path)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

/* The first would never end if the second had to wait for it. */
static void two_at_once(void **state)
{
	CLEANUP_HOST struct host *host = here();
	CLEANUP_FREE char *one = str_fmt("%s/one", dir), *other = str_fmt("%s/other", dir);
	struct job slow = {0}, fast = {0};
	struct job *jobs[] = {&slow, &fast};
	struct err err = ERR_INIT;
	struct command cmd = {.argv = WAITS_FOR(other, "slow"), .timeout_ms = scaled_ms(5000)};

	(void)state;
	assert_int_equal(host_start_program(host, &cmd, &slow, &err), 0);
	cmd.argv = WAITS_FOR(one, "fast");
	assert_int_equal(host_start_program(host, &cmd, &fast, &err), 0);
	/* Neither ends in time. */
	assert_int_equal(jobs_wait_any(jobs, 2, deadline_in_ms(20)), -1);
	assert_int_equal(slow.state, JOB_RUNNING);
	touch(one);
	assert_int_equal(jobs_wait_any(jobs, 2, 0), 1);
	assert_int_equal(slow.state, JOB_RUNNING);
	assert_string_equal(fast.out.s, "fast\n");
	touch(other);
	assert_int_equal(jobs_wait_any(jobs, 2, 0), 0);
	assert_string_equal(slow.out.s, "slow\n");
	/* Neither runs, and both have been told. */
	assert_int_equal(jobs_wait_any(jobs, 2, 0), -1);
	job_clear(&slow);
	job_clear(&fast);
}

static int make_dir(void **state)
{
	(void)state;
	dir = stub_dir_make();
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	stub_dir_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_name_program_and_reason),
		cmocka_unit_test(a_missing_program),
		cmocka_unit_test(its_environment_is_its_own),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(a_deadline_for_one_that_ignores_sigterm),
		cmocka_unit_test(one_that_cant_be_killed_is_lost),
		cmocka_unit_test(a_writer_without_end),
		cmocka_unit_test(two_at_once),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
