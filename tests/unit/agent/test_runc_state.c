/* SPDX-License-Identifier: MIT */
/* What is derived from runc's own file, with real processes and the files of a freezer. */
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

#include "agent/container/runc_state.h"
#include "agent/request/process.h"
#include "asked.h"
#include "own_run.h"
#include "stub.h"

#define DIR "/run/runc/c1"
#define FREEZER "/sys/fs/cgroup/freezer/c1"
#define UNIFIED "/sys/fs/cgroup/c1"

static void write_state(pid_t pid, unsigned long long start, const char *paths)
{
	CLEANUP_FREE char *text = str_fmt(
		"{\"id\":\"c1\",\"init_process_pid\":%d,\"init_process_start\":%llu,\"config\":{"
		"\"rootfs\":\"/runc/c1/rootfs\",\"labels\":[\"a=b\",\"bundle=/runc/c1\"]},"
		"\"cgroup_paths\":{%s}}",
		(int)pid, start, paths);

	own_run_write(DIR "/state.json", text);
}

static unsigned long long start_of(pid_t pid)
{
	struct process process;

	assert_true(process_read(pid, &process));
	return process.start;
}

/* Fails the test unless that is its status. */
static void expect(const char *status, pid_t pid)
{
	struct request req = {.wake = -1};
	CLEANUP_RUNC_STATE struct runc_state state;

	if (runc_state_read(&req, "c1", &state) < 0)
		fail_msg("%s", buf_str(&req.err));
	if (!status)
		assert_null(state.status);
	else if (!state.status || strcmp(state.status, status) != 0)
		fail_msg("%s, not %s", state.status ? state.status : "none", status);
	assert_int_equal(state.pid, pid);
	assert_int_equal(req.err.len, 0);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdir(DIR, 0700) < 0 || mkdir("/sys/fs/cgroup/freezer", 0700) < 0 ||
	    mkdir(FREEZER, 0700) < 0 || mkdir(UNIFIED, 0700) < 0)
		abort();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return system("rm -rf /run/runc/* /sys/fs/cgroup/*");
}

static void none(void **state)
{
	(void)state;
	/* runc makes the directory before the file. */
	expect(NULL, 0);
	assert_int_equal(rmdir(DIR), 0);
	expect(NULL, 0);
	assert_int_equal(rmdir("/run/runc"), 0);
	expect(NULL, 0);
	assert_int_equal(mkdir("/run/runc", 0700), 0);
}

static void running_and_created(void **state)
{
	struct request req = {.wake = -1};
	CLEANUP_RUNC_STATE struct runc_state read;

	(void)state;
	write_state(getpid(), start_of(getpid()), "");
	expect("running", getpid());
	assert_int_equal(runc_state_read(&req, "c1", &read), 0);
	assert_string_equal(read.bundle, "/runc/c1");
	assert_string_equal(read.rootfs, "/runc/c1/rootfs");
	assert_int_equal(read.start, start_of(getpid()));
	assert_non_null(read.text);
	assert_int_equal(mkfifo(DIR "/exec.fifo", 0600), 0);
	expect("created", getpid());
}

static void stopped(void **state)
{
	pid_t pid = fork();
	siginfo_t info;

	(void)state;
	if (pid == 0)
		_exit(0);
	unsigned long long start = start_of(pid);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	/* A zombie, then gone. */
	write_state(pid, start, "");
	expect("stopped", 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	expect("stopped", 0);
	/* Its number has been given to another process. */
	write_state(getpid(), start_of(getpid()) + 1, "");
	expect("stopped", 0);
	write_state(-1, 0, "");
	expect("stopped", 0);
}

/* With any kernel. */
static void its_end_is_awaited(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		(void)usleep(200000);
		_exit(0);
	}
	write_state(pid, start_of(pid), "");
	CLEANUP_ASKED struct asked asked =
		ask("/x", NULL, "state", "container=c1", "seconds=60", NULL);
	assert_true(process_has_ended(pid));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void paused_in_version_1(void **state)
{
	static const char paths[] =
		"\"freezer\":\"" FREEZER "\",\"memory\":\"/sys/fs/cgroup/none\"";

	(void)state;
	write_state(getpid(), start_of(getpid()), paths);
	/* Without the file the kernel has no freezer. */
	expect("running", getpid());
	own_run_write(FREEZER "/freezer.state", "THAWED\n");
	expect("running", getpid());
	own_run_write(FREEZER "/freezer.state", "FROZEN\n");
	expect("paused", getpid());
	own_run_write(FREEZER "/freezer.self_freezing", "1\n");
	expect("paused", getpid());
	/* By a cgroup above. */
	own_run_write(FREEZER "/freezer.self_freezing", "0\n");
	expect("running", getpid());
	own_run_write(FREEZER "/freezer.self_freezing", "1\n");
	/* It may never get there. */
	own_run_write(FREEZER "/freezer.state", "FREEZING\n");
	expect("paused", getpid());
	/* runc asks its freezer first. */
	write_state(-1, 0, paths);
	own_run_write(FREEZER "/freezer.state", "FROZEN\n");
	expect("paused", 0);
	/* Its first process has ended, and another one has the number. */
	write_state(getpid(), start_of(getpid()) + 1, paths);
	expect("paused", 0);
}

static void paused_in_version_2(void **state)
{
	(void)state;
	write_state(getpid(), start_of(getpid()), "\"\":\"" UNIFIED "\"");
	own_run_write(UNIFIED "/cgroup.events", "populated 1\nfrozen 0\n");
	own_run_write(UNIFIED "/cgroup.freeze", "0\n");
	expect("running", getpid());
	own_run_write(UNIFIED "/cgroup.freeze", "1\n");
	expect("paused", getpid());
	own_run_write(UNIFIED "/cgroup.events", "populated 1\nfrozen 1\n");
	expect("paused", getpid());
}

/* A container that may be there is never taken for absent. */
static void what_is_not_understood(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"id\":\"c1\"}",
		"{\"id\":\"c1\",\"init_process_pid\":12",
		"{\"init_process_pid\":12}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct request req = {.wake = -1};
		CLEANUP_RUNC_STATE struct runc_state read;
		own_run_write(DIR "/state.json", texts[i]);
		assert_int_equal(runc_state_read(&req, "c1", &read), -1);
		assert_null(read.status);
		assert_string_equal(buf_str(&req.err),
				    "can't understand /run/runc/c1/state.json\n");
		buf_clear(&req.err);
	}
	struct request req = {.wake = -1};
	CLEANUP_RUNC_STATE struct runc_state read;
	assert_int_equal(unlink(DIR "/state.json"), 0);
	assert_int_equal(mkdir(DIR "/state.json", 0700), 0);
	assert_int_equal(runc_state_read(&req, "c1", &read), -1);
	assert_non_null(strstr(buf_str(&req.err), "can't read '/run/runc/c1/state.json': "));
	buf_clear(&req.err);
}

static void another_of_that_name(void **state)
{
	char *dir = stub_dir_make();
	CLEANUP_FREE char *one = str_fmt("%s/one", dir), *two = str_fmt("%s/two", dir);
	CLEANUP_FREE char *link = str_fmt("%s/link", dir), *gone = str_fmt("%s/gone", dir);
	struct runc_state s = {.status = (char *)"running", .bundle = one};

	(void)state;
	assert_int_equal(mkdir(one, 0700) | mkdir(two, 0700) | symlink(one, link), 0);
	assert_false(runc_state_is_foreign(&s, one));
	assert_true(runc_state_is_foreign(&s, two));
	/* One bundle may have two paths, by a link. */
	assert_false(runc_state_is_foreign(&s, link));
	assert_false(runc_state_is_foreign(&s, gone));
	s.status = NULL;
	assert_false(runc_state_is_foreign(&s, two));
	stub_dir_remove(dir);
}

static void stub_runc(const char *dir, const char *text)
{
	CLEANUP_FREE char *script = str_fmt("#!/bin/sh\n%s\n", text);

	stub_program(dir, "runc", script);
}

static void runc_itself(void **state)
{
	char *dir = stub_dir_make();
	struct request req = {.wake = -1};
	struct runc_state read;

	(void)state;
	stub_path_add(dir);
	stub_runc(dir,
		  "[ \"$*\" = 'state c1' ] && echo '{\"pid\":1,\"status\":\"paused\","
		  "\"bundle\":\"/runc/c1\",\"rootfs\":\"/r\",\"annotations\":{\"status\":1}}'");
	assert_int_equal(runc_state_ask(&req, "c1", &read), 0);
	assert_string_equal(read.status, "paused");
	assert_string_equal(read.bundle, "/runc/c1");
	assert_int_equal(read.pid, 1);
	assert_int_equal(read.start, start_of(1));
	runc_state_clear(&read);
	stub_runc(dir, "echo 'container \"c1\" does not exist' >&2; exit 1");
	assert_int_equal(runc_state_ask(&req, "c1", &read), 0);
	assert_null(read.status);
	stub_runc(dir, "echo 'no memory' >&2; exit 1");
	assert_int_equal(runc_state_ask(&req, "c1", &read), -1);
	assert_string_equal(buf_str(&req.err), "'runc state c1' failed: no memory\n");
	buf_clear(&req.err);
	stub_runc(dir, "echo '{}'");
	assert_int_equal(runc_state_ask(&req, "c1", &read), -1);
	assert_string_equal(buf_str(&req.err), "'runc state c1' says nothing of its status\n");
	buf_clear(&req.err);
	stub_dir_remove(dir);
}

static void without_runc(void **state)
{
	CLEANUP_FREE char *path = str_dup(getenv("PATH"));
	struct request req = {.wake = -1};
	struct runc_state read;

	(void)state;
	assert_int_equal(setenv("PATH", "/none", 1), 0);
	assert_int_equal(runc_state_ask(&req, "c1", &read), -1);
	assert_string_equal(buf_str(&req.err),
			    "there is no runc in PATH, but it has left '/run/runc/c1'\n");
	buf_clear(&req.err);
	assert_int_equal(rmdir(DIR), 0);
	assert_int_equal(runc_state_ask(&req, "c1", &read), 0);
	assert_null(read.status);
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(mkdir(DIR, 0700), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(none),
		TEST(running_and_created),
		TEST(stopped),
		TEST(its_end_is_awaited),
		TEST(paused_in_version_1),
		TEST(paused_in_version_2),
		TEST(what_is_not_understood),
		TEST(another_of_that_name),
		TEST(runc_itself),
		TEST(without_runc),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
