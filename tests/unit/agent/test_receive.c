/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "agent/request/keeper.h"
#include "asked.h"
#include "own_session.h"
#include "stub.h"

#define PAGES WEB_RUN "/pages"
#define START "receive", "op=start", "container=web", "server=192.0.2.2", "port=27001"

/* Its words, one a line. It says that it listens, and waits for its client's word: how many bytes,
 * or "fail". */
#define CRIU                                                                                       \
	"#!/bin/sh\n"                                                                              \
	"printf '%s\\n' \"$@\" >/run/words\n"                                                      \
	"while [ \"$1\" != --images-dir ]; do shift; done\n"                                       \
	"images=$2\n"                                                                              \
	"while [ \"$1\" != --status-fd ]; do shift; done\n"                                        \
	"[ -e /run/deaf ] || printf '\\0' >&\"$2\"\n"                                              \
	"echo spoken\n"                                                                            \
	"read -r word </run/client\n"                                                              \
	"if [ \"$word\" = fail ]; then\n"                                                          \
	"	echo 'Error (criu/page-xfer.c:9): no space' >" WEB_RUN "/receive.log\n"            \
	"	exit 1\n"                                                                                \
	"fi\n"                                                                                     \
	"head -c \"$word\" /dev/zero >\"$images/pages-1.img\"\n"                                   \
	"head -c 5 /dev/zero >\"$images/pages-2.img\"\n"                                           \
	"head -c 99 /dev/zero >\"$images/pagemap-2.img\"\n"

static const char *const dump[] = {START, "seconds=60", NULL};
static const char *const late[] = {START, "seconds=1", NULL};
static const char *const pass2[] = {START, "seconds=60", "pass=2", "parent=1", NULL};
static const char *const last[] = {START, "seconds=60", "pass=0", "parent=2", NULL};

static struct asked receive(const char *const w[])
{
	/* NULL ends it where there are fewer. */
	return ask("/", NULL, w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[6] ? w[7] : NULL, NULL);
}

/* In a process of its own; what it says is in /run/said. */
static pid_t begin(const char *const words[])
{
	pid_t pid = own_fork();

	if (pid == 0) {
		struct asked a = receive(words);
		own_run_write("/run/said", a.status ? a.err : a.out);
		_exit(a.status);
	}
	return pid;
}

static pid_t await(void)
{
	pid_t pid = own_fork();

	if (pid == 0)
		_exit(ask("/", NULL, "receive", "op=listens", "container=web", NULL).status);
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	assert_true(comes(has_died, &pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Whether a process waits at the fifo. */
static bool has_opened(const void *pid)
{
	CLEANUP_FREE char *command =
		str_fmt("readlink /proc/%d/fd/* | grep -q -x " WEB_RUN "/listens",
			(int)*(const pid_t *)pid);
	return system(command) == 0;
}

static void client_says(const char *word)
{
	FILE *f = fopen("/run/client", "we");

	assert_non_null(f);
	(void)fprintf(f, "%s\n", word);
	(void)fclose(f);
}

static void assert_file(const char *path, const char *text)
{
	char got[1024];
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	(void)fclose(f);
	assert_string_equal(got, text);
}

static int fresh(void **state)
{
	(void)state;
	own_web_run();
	return mkfifo("/run/client", 0600) < 0 || mkfifo(WEB_RUN "/listens", 0600) < 0;
}

static int remove_all(void **state)
{
	(void)state;
	return own_web_remove() ? 1 : system("rm -rf /run/client /run/words /run/said /run/deaf");
}

static void received(void **state)
{
	pid_t listens = await(), receives = begin(dump);

	(void)state;
	assert_int_equal(end_of(listens), 0);
	assert_true(session_lives(WEB_RUN "/receive.session"));
	assert_false(is_there(PAGES "/received"));
	client_says("4096");
	assert_int_equal(end_of(receives), 0);
	assert_true(is_there(PAGES "/received"));
	assert_file("/run/said", "4101\n");
	assert_file(WEB_RUN "/receive.out", "spoken\n");
	assert_file("/run/words", "page-server\n--images-dir\n" PAGES "\n--work-dir\n" WEB_RUN
				  "\n--log-file\nreceive.log\n-v2\n--status-fd\n3\n"
				  "--address\n192.0.2.2\n--port\n27001\n");
}

static void passes_build_on_each_other(void **state)
{
	(void)state;
	pid_t receives = begin(pass2);
	client_says("1");
	assert_int_equal(end_of(receives), 0);
	assert_true(is_there(PAGES "/pass-2/received"));
	assert_int_equal(system("grep -A 1 prev-images-dir /run/words | tail -n 1 | "
				"grep -q -x -F ../pass-1"),
			 0);
	receives = begin(last);
	client_says("1");
	assert_int_equal(end_of(receives), 0);
	assert_true(is_there(PAGES "/received"));
	assert_int_equal(system("grep -A 1 prev-images-dir /run/words | tail -n 1 | "
				"grep -q -x -F pass-2"),
			 0);
	assert_file(WEB_RUN "/receive.out", "spoken\nspoken\n");
}

static void one_that_fails(void **state)
{
	pid_t receives = begin(dump);

	(void)state;
	client_says("fail");
	assert_int_equal(end_of(receives), 1);
	assert_file("/run/said", "its page server ended with status 1: no space\n");
	assert_false(is_there(PAGES "/received"));
}

static void one_that_has_no_client(void **state)
{
	pid_t receives = begin(late);

	(void)state;
	assert_int_equal(end_of(receives), 124);
	assert_false(is_there(PAGES "/received"));
	assert_false(session_lives(WEB_RUN "/receive.session"));
}

static void one_that_ends_before_it_listens(void **state)
{
	(void)state;
	own_run_write("/run/deaf", "");
	pid_t listens = await();
	assert_true(comes(has_opened, &listens));
	pid_t receives = begin(dump);
	client_says("fail");
	assert_int_equal(end_of(receives), 1);
	assert_int_equal(end_of(listens), 1);
}

static void it_outlives_the_agent(void **state)
{
	(void)state;
	pid_t listens = await(), receives = begin(dump);
	assert_int_equal(end_of(listens), 0);
	own_end(receives);
	assert_true(session_lives(WEB_RUN "/receive.session"));
	client_says("4096");
	assert_true(comes(is_there, PAGES "/received"));
}

static void what_it_needs(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none = ask("/", NULL, START, NULL);
	CLEANUP_ASKED struct asked op = ask("/", NULL, "receive", "op=x", "container=web", NULL);
	CLEANUP_ASKED struct asked ever = ask("/", NULL, START, "seconds=0", NULL);
	assert_int_equal(none.status, 1);
	assert_int_equal(op.status, 1);
	assert_int_not_equal(ever.status, 0);
	assert_false(is_there(WEB_RUN "/receive.session"));
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(received),
		TEST(passes_build_on_each_other),
		TEST(one_that_fails),
		TEST(one_that_has_no_client),
		TEST(one_that_ends_before_it_listens),
		TEST(it_outlives_the_agent),
		TEST(what_it_needs),
	};

	/* The agent's own program, for this test. */
	if (argc > 1 && strcmp(argv[1], "receive-keeper") == 0)
		return receive_keeper(argc, argv);
	own_run_enter();
	char *dir = stub_dir_make();
	stub_program(dir, "criu", CRIU);
	stub_path_add(dir);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	stub_dir_remove(dir);
	return failed;
}
