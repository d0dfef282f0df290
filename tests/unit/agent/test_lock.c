/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/shared/lock.h"
#include "asked.h"
#include "stub.h"

static char *root, *dir, *file;

/* The holder gives the lock back after the next one has opened the file, before it locks it. */
static bool given_back_meanwhile;

/* In place of the library's. */
int flock(int fd, int operation)
{
	if (given_back_meanwhile) {
		given_back_meanwhile = false;
		assert_int_equal(unlink(file) + rmdir(dir), 0);
	}
	return (int)syscall(SYS_flock, fd, operation);
}

static int lock(const char *stamp, char **ret_out)
{
	CLEANUP_FREE char *word = str_fmt("stamp=%s", stamp);
	CLEANUP_ASKED struct asked asked = ask(root, NULL, "lock", "container=web", word, NULL);

	if (ret_out)
		*ret_out = str_dup(asked.out);
	return asked.status;
}

static int unlock(void)
{
	CLEANUP_ASKED struct asked asked = ask(root, NULL, "unlock", "container=web", NULL);

	return asked.status;
}

static void one_holder(void **state)
{
	CLEANUP_FREE char *who = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(lock("pid 42 on rhel01 since noon", NULL), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(lock("pid 43", &who), 75);
	assert_string_equal(who, "pid 42 on rhel01 since noon");
	assert_int_equal(unlock(), 0);
	/* Nothing is left, and it can be locked again. */
	assert_int_not_equal(access(dir, F_OK), 0);
	assert_int_equal(unlock(), 1);
	assert_int_equal(lock("pid 43", NULL), 0);
	assert_int_equal(unlock(), 0);
}

static void looked_at(int status, const char *who)
{
	CLEANUP_ASKED struct asked asked = ask(root, NULL, "locked", "container=web", NULL);

	assert_int_equal(asked.status, status);
	assert_string_equal(asked.out, who);
}

/* A look at it takes nothing from anybody, and makes no file. */
static void who_has_it(void **state)
{
	(void)state;
	looked_at(0, "");
	assert_int_not_equal(access(dir, F_OK), 0);
	assert_int_equal(lock("pid 42 on rhel01", NULL), 0);
	looked_at(75, "pid 42 on rhel01");
	assert_int_equal(unlock(), 0);
	looked_at(0, "");
	assert_int_equal(lock("pid 43", NULL), 0);
	assert_int_equal(unlock(), 0);
}

/* Any program may hold it. The file of a holder that has crashed keeps nobody out. */
static void another_process(void **state)
{
	CLEANUP_FREE char *who = NULL;
	int ready[2];
	char c;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		(void)mkdir(dir, 0700);
		int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (flock(fd, LOCK_EX) < 0 || write(fd, "it\nmore", 7) != 7 ||
		    write(ready[1], "y", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(lock("pid 43", &who), 75);
	assert_string_equal(who, "it");
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(access(file, F_OK), 0);
	looked_at(0, "");
	assert_int_equal(lock("pid 43", NULL), 0);
	assert_int_equal(unlock(), 0);
	assert_int_not_equal(access(dir, F_OK), 0);
	assert_int_equal(close(ready[0]) + close(ready[1]), 0);
}

static void only_its_own_file_is_removed(void **state)
{
	CLEANUP_FREE char *history = str_fmt("%s/history", dir);

	(void)state;
	assert_int_equal(lock("pid 42", NULL), 0);
	assert_int_equal(close(open(history, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(unlock(), 0);
	assert_int_equal(access(history, F_OK), 0);
	assert_int_not_equal(access(file, F_OK), 0);
	/* Somebody has removed the file by hand, and another one holds the next. */
	assert_int_equal(lock("pid 42", NULL), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(unlock(), 0);
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(unlink(file) + unlink(history) + rmdir(dir), 0);
}

/* What is locked then is a file that nobody finds any more. */
static void a_file_that_goes_meanwhile(void **state)
{
	CLEANUP_FREE char *who = NULL;

	(void)state;
	given_back_meanwhile = true;
	assert_int_equal(lock("pid 42", NULL), 0);
	assert_false(given_back_meanwhile);
	assert_int_equal(lock("pid 43", &who), 75);
	assert_string_equal(who, "pid 42");
	assert_int_equal(unlock(), 0);
	assert_int_not_equal(access(dir, F_OK), 0);
}

#define ROUNDS 400
#define RIVALS 4

/*
 * Takes the lock again and again. While it is held, nobody else may be between the two marks: the
 * second file is made with O_EXCL. The exit code is the result.
 */
static _Noreturn void compete(const char *mark)
{
	for (int i = 0; i < ROUNDS; i++) {
		int status = lock("it", NULL);
		if (status == 75)
			continue;
		if (status != 0)
			_exit(2);
		int fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			_exit(3);
		if (close(fd) < 0 || unlink(mark) < 0 || unlock() != 0)
			_exit(4);
	}
	_exit(0);
}

/* The lock's file and its directory are removed each time. Nobody may slip in between, or fail. */
static void races_around_the_removal(void **state)
{
	CLEANUP_FREE char *mark = str_fmt("%s/mark", root);
	pid_t children[RIVALS];

	(void)state;
	for (size_t i = 0; i < RIVALS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			compete(mark);
	}
	for (size_t i = 0; i < RIVALS; i++) {
		int status = -1;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_not_equal(access(dir, F_OK), 0);
}

static void *thread(void *failures)
{
	for (int i = 0; i < ROUNDS; i++) {
		int status = lock("it", NULL);
		if (status == 0)
			status = unlock();
		if (status != 0 && status != 75)
			*(int *)failures += 1;
	}
	return NULL;
}

/* One controller asks for it twice: by two threads of the agent. */
static void threads(void **state)
{
	int failures[RIVALS] = {0};
	pthread_t ids[RIVALS];

	(void)state;
	for (size_t i = 0; i < RIVALS; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, thread, &failures[i]), 0);
	for (size_t i = 0; i < RIVALS; i++)
		assert_int_equal(pthread_join(ids[i], NULL) + failures[i], 0);
	assert_int_not_equal(access(dir, F_OK), 0);
}

static void refused(const char *container, const char *why)
{
	CLEANUP_FREE char *word = str_fmt("container=%s", container);
	CLEANUP_ASKED struct asked asked = ask(root, NULL, "lock", word, "stamp=it", NULL);

	assert_int_equal(asked.status, 1);
	if (!str_starts(asked.err, "can't lock '") || !strstr(asked.err, why))
		fail_msg("%s", asked.err);
}

/* The failed lock doesn't create a bundle. */
static void a_missing_bundle(void **state)
{
	CLEANUP_FREE char *bundle = str_fmt("%s/none", root);

	(void)state;
	refused("none", "No such file or directory");
	assert_int_not_equal(access(bundle, F_OK), 0);
}

static void no_link_leads_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(symlink("/", dir), 0);
	refused("web", "symbolic link");
	assert_int_equal(unlink(dir), 0);
	assert_int_equal(mkdir(dir, 0700) + symlink("/dev/null", file), 0);
	refused("web", "symbolic link");
	assert_int_equal(unlink(file) + rmdir(dir), 0);
}

/* A request that has become pointless must not leave a lock. */
static void too_late(void **state)
{
	struct request req = {.root = root, .cancelled = true, .wake = -1};

	(void)state;
	argv_addl(&req.words, "lock", "container=web", "stamp=it", NULL);
	assert_int_equal(verb_find("lock")->serve(&req), 1);
	assert_int_not_equal(access(file, F_OK), 0);
	argv_clear(&req.words);
	buf_clear(&req.err);
}

/* The last test: nothing is locked after it. */
static void the_end_of_the_connection(void **state)
{
	(void)state;
	assert_int_equal(lock("pid 42", NULL), 0);
	lock_release_all();
	assert_int_not_equal(access(dir, F_OK), 0);
	/* By a thread that was on its way meanwhile. */
	assert_int_equal(lock("pid 42", NULL), 1);
	assert_int_not_equal(access(dir, F_OK), 0);
}

static int set_up(void **state)
{
	(void)state;
	root = stub_dir_make();
	CLEANUP_FREE char *bundle = str_fmt("%s/web", root);
	dir = str_fmt("%s/.cmigrate", bundle);
	file = str_fmt("%s/lock", dir);
	return mkdir(bundle, 0755);
}

static int tear_down(void **state)
{
	(void)state;
	stub_dir_remove(root);
	free(dir);
	free(file);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_holder),
		cmocka_unit_test(who_has_it),
		cmocka_unit_test(another_process),
		cmocka_unit_test(only_its_own_file_is_removed),
		cmocka_unit_test(a_file_that_goes_meanwhile),
		cmocka_unit_test(races_around_the_removal),
		cmocka_unit_test(threads),
		cmocka_unit_test(a_missing_bundle),
		cmocka_unit_test(no_link_leads_elsewhere),
		cmocka_unit_test(too_late),
		cmocka_unit_test(the_end_of_the_connection),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
