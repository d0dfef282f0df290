/* SPDX-License-Identifier: MIT */
/* Containers that are started and ended, with a stand-in for runc and real processes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>

#include "asked.h"
#include "own_run.h"
#include "stub.h"

/*
 * Its container is a directory "state" with the files status and pid. What it is asked to do goes
 * to "calls". "deaf": TERM does nothing; "stuck": a plain delete fails; "stays": any delete does
 * nothing; "broken": state fails.
 */
#define RUNC                                                                                       \
	"#!/bin/sh\n"                                                                              \
	"cd %s\n"                                                                                  \
	"[ \"$1\" = state ] || echo \"$*\" >>calls\n"                                              \
	"case $1 in\n"                                                                             \
	"state)\n"                                                                                 \
	"	[ ! -e broken ] || { echo 'out of memory' >&2; exit 1; }\n"                              \
	"	[ -d state ] || { echo 'container does not exist' >&2; exit 1; }\n"                      \
	"	printf '{\"status\": \"%%s\", \"pid\": %%s}\\n' \"$(cat state/status)\" "                \
	"\"$(cat state/pid)\" ;;\n"                                                                \
	"resume) echo running >state/status ;;\n"                                                  \
	"kill)\n"                                                                                  \
	"	[ \"$3\" = KILL ] || [ ! -e deaf ] || exit 0\n"                                          \
	"	[ \"$(cat state/status)\" = paused ] || kill -KILL \"$(cat state/pid)\" ;;\n"            \
	"delete)\n"                                                                                \
	"	[ ! -e stays ] || exit 0\n"                                                              \
	"	[ ! -e stuck ] || [ \"$2\" = --force ] || { echo 'still running' >&2; exit 1; }\n"       \
	"	rm -rf state ;;\n"                                                                       \
	"--log) %s ;;\n"                                                                           \
	"esac\n"

static char *dir, *path;
static pid_t child;

static void stub_runc(const char *run)
{
	CLEANUP_FREE char *text = str_fmt(RUNC, dir, run);

	stub_program(dir, "runc", text);
}

static int enter(void **state)
{
	(void)state;
	own_run_enter();
	dir = stub_dir_make();
	path = str_dup(getenv("PATH"));
	stub_path_add(dir);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	stub_dir_remove(dir);
	free(path);
	return 0;
}

static void put(const char *name, const char *text)
{
	CLEANUP_FREE char *file = str_fmt("%s/%s", dir, name);

	own_run_write(file, text);
}

/* A container in that state, with a process that lives. */
static void start(const char *status)
{
	CLEANUP_FREE char *states = str_fmt("%s/state", dir);
	char pid[16];

	stub_runc("false");
	child = fork();
	if (child == 0) {
		for (;;)
			(void)pause();
	}
	assert_int_equal(mkdir(states, 0700), 0);
	(void)snprintf(pid, sizeof(pid), "%d", (int)child);
	put("state/status", status);
	put("state/pid", pid);
}

static int clear(void **state)
{
	CLEANUP_FREE char *line = str_fmt("rm -rf %s/*", dir);

	(void)state;
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	child = 0;
	return system(line);
}

static void expect_calls(const char *text)
{
	static char calls[4096];
	CLEANUP_FREE char *file = str_fmt("%s/calls", dir);
	FILE *f = fopen(file, "re");
	size_t n = f ? fread(calls, 1, sizeof(calls) - 1, f) : 0;

	calls[n] = '\0';
	if (f)
		(void)fclose(f);
	assert_string_equal(calls, text);
}

/* Ends it; fails the test unless that needed what `how` says. */
static void expect_end(char *seconds, const char *how)
{
	CLEANUP_ASKED struct asked asked = ask("/runc", NULL, "end", "container=c1", seconds, NULL);

	if (asked.status != 0)
		fail_msg("%s", asked.err);
	assert_string_equal(asked.out, how);
	assert_string_equal(asked.err, "");
}

static void by_term(void **state)
{
	(void)state;
	start("running");
	expect_end("seconds=100", "term\n");
	expect_calls("kill c1 TERM\ndelete c1\n");
}

static void by_kill(void **state)
{
	(void)state;
	start("running");
	put("deaf", "");
	expect_end("seconds=1", "kill\n");
	expect_calls("kill c1 TERM\nkill c1 KILL\ndelete c1\n");
}

static void by_kill_at_once(void **state)
{
	(void)state;
	start("running");
	expect_end("seconds=0", "kill\n");
	expect_calls("kill c1 KILL\ndelete c1\n");
}

/* A paused container gets no signal until it goes on. */
static void paused(void **state)
{
	(void)state;
	start("paused");
	expect_end("seconds=100", "term\n");
	expect_calls("resume c1\nkill c1 TERM\ndelete c1\n");
}

static void known_no_more(void **state)
{
	(void)state;
	stub_runc("false");
	expect_end("seconds=1", "gone\n");
	start("stopped");
	expect_end("seconds=1", "stopped\n");
	expect_calls("delete c1\n");
}

static void by_force(void **state)
{
	(void)state;
	start("stopped");
	put("stuck", "");
	expect_end("seconds=1", "stopped\n");
	expect_calls("delete c1\ndelete --force c1\n");
}

static void expect_failure(const char *message)
{
	CLEANUP_ASKED struct asked asked =
		ask("/runc", NULL, "end", "container=c1", "seconds=0", NULL);

	assert_int_equal(asked.status, 1);
	assert_string_equal(asked.out, "");
	assert_string_equal(asked.err, message);
}

/* Only runc's word that it knows nothing counts. */
static void not_ended(void **state)
{
	(void)state;
	start("stopped");
	put("stays", "");
	expect_failure("runc still knows container 'c1'\n");
	put("broken", "");
	expect_failure("'runc state c1' failed: out of memory\n");
}

static struct asked run(void)
{
	return ask("/runc", NULL, "run", "container=c1", NULL);
}

/* It gets no pipe of ours: CRIU could not dump that. */
static void started(void **state)
{
	(void)state;
	stub_runc("readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 >fds; ls /run/cmigrate "
		  ">log");
	CLEANUP_ASKED struct asked asked = run();
	CLEANUP_FREE char *line = str_fmt("cd %s; sort -u fds | grep -qx '/dev/null' && "
					  "[ $(sort -u fds | wc -l) = 2 ] && "
					  "grep -qx 'run@c1\\..*' log && [ ! -e /run/cmigrate ]",
					  dir);
	assert_int_equal(asked.status, 0);
	assert_int_equal(system(line), 0);
}

/* Cancels a request once runc has begun. */
static void *cancel(void *ctx)
{
	struct request *req = ctx;
	const uint64_t one = 1;
	CLEANUP_FREE char *file = str_fmt("%s/begun", dir);
	FILE *begun = fopen(file, "re");

	if (!begun || fgetc(begun) == EOF || fclose(begun) != 0)
		abort();
	req->abandoned = true;
	__atomic_store_n(&req->cancelled, true, __ATOMIC_RELEASE);
	if (write(req->wake, &one, sizeof(one)) < 0)
		abort();
	return NULL;
}

/* The connection has ended: a container is not left half started. */
static void goes_on(void **state)
{
	struct request req = {.root = "/runc", .wake = eventfd(0, EFD_CLOEXEC)};
	CLEANUP_FREE char *fifos = str_fmt("cd %s && mkfifo begun go done", dir);
	CLEANUP_FREE char *rest =
		str_fmt("cd %s && timeout 20 sh -c 'echo >go && grep -qx ran done'", dir);
	pthread_t thread;

	(void)state;
	stub_runc("echo x >begun; read x <go; echo ran >done");
	assert_int_equal(system(fifos), 0);
	argv_addl(&req.words, "run", "container=c1", NULL);
	assert_int_equal(pthread_create(&thread, NULL, cancel, &req), 0);
	assert_int_equal(verb_find("run")->serve(&req), 124);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(system(rest), 0);
	argv_clear(&req.words);
	buf_clear(&req.err);
	(void)close(req.wake);
}

/* The messages are the end of runc's log. */
static void not_started(void **state)
{
	(void)state;
	stub_runc("seq 1 30 >$2; exit 3");
	CLEANUP_ASKED struct asked asked = run();
	assert_int_equal(asked.status, 3);
	assert_true(str_starts(asked.err, "11\n12\n"));
	assert_string_equal(asked.err + strlen(asked.err) - 6, "29\n30\n");
	assert_int_equal(access("/run/cmigrate", F_OK), -1);
}

static void without_runc(void **state)
{
	(void)state;
	CLEANUP_FREE char *with = str_dup(getenv("PATH"));
	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	CLEANUP_ASKED struct asked asked = run();
	assert_int_equal(setenv("PATH", with, 1), 0);
	assert_int_equal(asked.status, 1);
	assert_string_equal(asked.err, "there is no 'runc': install runc 1.1 or newer there\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(by_term, clear),
		cmocka_unit_test_teardown(by_kill, clear),
		cmocka_unit_test_teardown(by_kill_at_once, clear),
		cmocka_unit_test_teardown(paused, clear),
		cmocka_unit_test_teardown(known_no_more, clear),
		cmocka_unit_test_teardown(by_force, clear),
		cmocka_unit_test_teardown(not_ended, clear),
		cmocka_unit_test_teardown(started, clear),
		cmocka_unit_test_teardown(goes_on, clear),
		cmocka_unit_test_teardown(not_started, clear),
		cmocka_unit_test_teardown(without_runc, clear),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
