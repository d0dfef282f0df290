/* SPDX-License-Identifier: MIT */
/* A host says what its own copy of a container does, to a program that watches that host alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "asked.h"
#include "own_session.h"

/* Nothing is there: neither the shared directory is mounted, nor runc in PATH. */
#define ROOT "/run/root"

static void write_state(pid_t pid)
{
	struct process process;
	assert_true(process_read(pid, &process));
	CLEANUP_FREE char *text = str_fmt("{\"id\":\"web\",\"init_process_pid\":%d,"
					  "\"init_process_start\":%llu,\"config\":{"
					  "\"labels\":[\"bundle=" ROOT "/web\"]}}",
					  (int)pid, process.start);

	own_run_write("/run/runc/web/state.json", text);
}

static void expect(const char *out)
{
	CLEANUP_ASKED struct asked here = ask(ROOT, NULL, "here", "container=web", NULL);

	assert_int_equal(here.status, 0);
	assert_string_equal(here.out ? here.out : "", out);
	assert_string_equal(here.err ? here.err : "", "");
}

static int set_up(void **state)
{
	(void)state;
	own_web_run();
	(void)setenv("PATH", "/nowhere", 1);
	return mkdir("/run/runc/web", 0700);
}

static int tear_down(void **state)
{
	(void)state;
	(void)setenv("PATH", "/usr/bin:/bin", 1);
	return own_web_remove() || system("rm -rf /run/runc/web");
}

static void no_container(void **state)
{
	(void)state;
	expect("");
}

static void runs_and_ends(void **state)
{
	pid_t pid = own_process(NULL);

	(void)state;
	write_state(pid);
	expect("running\n");
	own_end(pid);
	expect("stopped\n");
}

/* A copy that no move has committed isn't this host's, and neither is one that has ended. */
static void a_restore_that_is_not_finished(void **state)
{
	pid_t pid = own_process(NULL), runc = own_process(NULL);

	(void)state;
	own_record(SESSION_RESTORE, runc);
	expect("");
	write_state(pid);
	expect("uncommitted\n");
	/* Neither the end of runc nor that of its agent commits it. */
	own_end(runc);
	expect("uncommitted\n");
	own_end(pid);
	expect("stopped\n");
}

static void its_move_has_cleaned_up(void **state)
{
	pid_t pid = own_process(NULL);

	(void)state;
	own_record(SESSION_RESTORE, pid);
	write_state(pid);
	expect("uncommitted\n");
	assert_int_equal(unlink(WEB_RUN "/restore.session"), 0);
	expect("running\n");
	own_end(pid);
}

static void be_criu(void)
{
	(void)prctl(PR_SET_NAME, "criu");
	for (;;)
		(void)pause();
}

static bool is_criu(const void *pid)
{
	struct process process;

	return process_read(*(const pid_t *)pid, &process) && strcmp(process.comm, "criu") == 0;
}

/* The source's copy is the container until its end. */
static void a_dump_under_way(void **state)
{
	pid_t pid = own_process(NULL), criu = own_process(be_criu);

	(void)state;
	assert_true(comes(is_criu, &criu));
	write_state(pid);
	own_record(SESSION_DUMP, criu);
	expect("gate\n");
	own_end(criu);
	own_end(pid);
}

static void a_state_that_is_damaged(void **state)
{
	(void)state;
	own_run_write("/run/runc/web/state.json", "{");
	CLEANUP_ASKED struct asked here = ask(ROOT, NULL, "here", "container=web", NULL);
	assert_int_equal(here.status, 1);
	assert_non_null(strstr(here.err, "can't understand"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_container),
		TEST(runs_and_ends),
		TEST(a_restore_that_is_not_finished),
		TEST(its_move_has_cleaned_up),
		TEST(a_dump_under_way),
		TEST(a_state_that_is_damaged),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
