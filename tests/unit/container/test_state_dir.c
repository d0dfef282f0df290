/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/container/state_dir.h"
#include "slowness.h"
#include "stub.h"

static char *dir;

/* The same directory, reached here and over ssh: these tests run twice, each in a new bundle. */
typedef void both_fn(const struct state_dir *state_dir);

static void on(struct host *host, both_fn *test)
{
	CLEANUP_FREE char *bundle = str_fmt("%s/bun dle'%s", dir, host->name);
	struct state_dir state_dir;

	assert_int_equal(mkdir(bundle, 0755), 0);
	state_dir_init(&state_dir, host, bundle);
	test(&state_dir);
	(void)rmdir(state_dir.dir);
	assert_int_equal(rmdir(bundle), 0);
	state_dir_clear(&state_dir);
}

static void on_both(both_fn *test)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	CLEANUP_HOST struct host *far = host_new("far", "far", NULL, NULL);

	on(here, test);
	on(far, test);
}

static char *text_of(const struct state_dir *state_dir, const char *file)
{
	struct buf text = {0};
	struct err err = ERR_INIT;
	bool found = false;

	if (state_dir_read(state_dir, file, &text, &found, &err) < 0)
		fail_msg("%s", err.msg);
	if (found)
		return buf_steal(&text);
	assert_null(text.s);
	return NULL;
}

static void ok(int status, const struct err *err)
{
	if (status < 0)
		fail_msg("%s", err->msg);
}

static void files(const struct state_dir *state_dir)
{
	struct err err = ERR_INIT;
	struct stat st;

	assert_null(text_of(state_dir, "journal"));
	ok(state_dir_remove(state_dir, "journal", &err), &err);
	ok(state_dir_append(state_dir, "journal", "one $(id) '\n", &err), &err);
	assert_int_equal(stat(state_dir->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	ok(state_dir_append(state_dir, "journal", "two\n", &err), &err);
	CLEANUP_FREE char *two = text_of(state_dir, "journal");
	assert_string_equal(two, "one $(id) '\ntwo\n");
	ok(state_dir_replace(state_dir, "journal", "new\n", &err), &err);
	CLEANUP_FREE char *new = text_of(state_dir, "journal");
	assert_string_equal(new, "new\n");
	CLEANUP_FREE char *path = str_fmt("%s/journal", state_dir->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	ok(state_dir_remove(state_dir, "journal", &err), &err);
	assert_null(text_of(state_dir, "journal"));
	/* No temporary file is left: the directory is empty. */
	assert_int_equal(rmdir(state_dir->dir), 0);
}

static void read_append_replace_remove(void **state)
{
	(void)state;
	on_both(files);
}

static void unwritable(const struct state_dir *state_dir)
{
	struct err err = ERR_INIT;
	struct buf text = {0};
	bool found = true;

	/* A file in the place of the directory. */
	int fd = open(state_dir->dir, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(state_dir_append(state_dir, "journal", "x\n", &err), -1);
	assert_int_equal(err.code, EXIT_FAILED);
	assert_true(str_starts(err.msg, state_dir->host->name));
	assert_int_equal(state_dir_replace(state_dir, "journal", "x\n", &err), -1);
	struct state_dir_lock lock = STORE_LOCK_INIT;
	assert_int_equal(state_dir_lock(state_dir, &lock, &err), -1);
	assert_int_equal(err.code, EXIT_FAILED);
	assert_int_equal(lock.fd, -1);
	assert_null(lock.far);
	state_dir_unlock(&lock);
	if (host_is_local(state_dir->host))
		assert_int_equal(state_dir_read(state_dir, "journal", &text, &found, &err), -1);
	assert_false(found && text.s);
	buf_clear(&text);
	assert_int_equal(unlink(state_dir->dir), 0);
}

static void a_failed_write_is_reported(void **state)
{
	(void)state;
	on_both(unwritable);
}

static void too_long(const struct state_dir *state_dir)
{
	char *line = mem_new(1, 1024 * 1024 + 2);
	struct err err = ERR_INIT;
	struct buf text = {0};
	bool found = false;

	memset(line, 'x', 1024 * 1024 - 1);
	line[1024 * 1024 - 1] = '\n';
	ok(state_dir_replace(state_dir, "journal", line, &err), &err);
	ok(state_dir_read(state_dir, "journal", &text, &found, &err), &err);
	assert_int_equal(text.len, 1024 * 1024);
	buf_clear(&text);
	/* Part of a file must never be taken for the whole. */
	ok(state_dir_append(state_dir, "journal", "\n", &err), &err);
	assert_int_equal(state_dir_read(state_dir, "journal", &text, &found, &err), -1);
	buf_clear(&text);
	ok(state_dir_remove(state_dir, "journal", &err), &err);
	free(line);
}

static void no_half_file_is_read(void **state)
{
	(void)state;
	on_both(too_long);
}

/* A reader sees the old or the new file, never a part. */
static void replaced_at_once(void **state)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	struct state_dir state_dir;
	struct err err = ERR_INIT;

	(void)state;
	state_dir_init(&state_dir, here, dir);
	char *a = mem_new(1, 20001), *b = mem_new(1, 10001);
	memset(a, 'a', 20000);
	memset(b, 'b', 10000);
	ok(state_dir_replace(&state_dir, "f", a, &err), &err);
	pid_t child = fork();
	if (child == 0) {
		for (;;)
			if (state_dir_replace(&state_dir, "f", b, &err) < 0 ||
			    state_dir_replace(&state_dir, "f", a, &err) < 0)
				_exit(1);
	}
	for (int i = 0; i < 300; i++) {
		CLEANUP_FREE char *text = text_of(&state_dir, "f");
		assert_non_null(text);
		assert_true(strcmp(text, a) == 0 || strcmp(text, b) == 0);
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	free(a);
	free(b);
	CLEANUP_FREE char *command = str_fmt("rm -rf '%s'", state_dir.dir);
	assert_int_equal(system(command), 0);
	state_dir_clear(&state_dir);
}

static void locked(const struct state_dir *state_dir)
{
	struct state_dir_lock lock = STORE_LOCK_INIT, second = STORE_LOCK_INIT;
	struct err err = ERR_INIT;

	ok(state_dir_lock(state_dir, &lock, &err), &err);
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	CLEANUP_HOST struct host *far = host_new("far", "far", NULL, NULL);
	struct host *both[] = {here, far};
	/* Nobody else gets it: neither this process, nor another one on either way. */
	for (size_t i = 0; i < 2; i++) {
		struct state_dir other = {both[i], state_dir->dir};
		assert_int_equal(state_dir_lock(&other, &second, &err), -1);
		assert_int_equal(err.code, EXIT_BUSY);
		assert_non_null(strstr(err.msg, "another cmigrate holds '"));
		assert_true(second.fd < 0 && !second.far);
	}
	state_dir_unlock(&lock);
	/* Each of them can lock it again, and nothing is left. */
	for (size_t i = 0; i < 2; i++) {
		struct state_dir other = {both[i], state_dir->dir};
		int64_t end = deadline_in_ms(scaled_ms(2000));
		while (state_dir_lock(&other, &second, &err) < 0 && !deadline_passed(end))
			clock_sleep_ms(5);
		assert_true(second.fd >= 0 || second.far);
		state_dir_unlock(&second);
	}
	for (int64_t end = deadline_in_ms(scaled_ms(2000)); access(state_dir->dir, F_OK) == 0;) {
		assert_false(deadline_passed(end));
		clock_sleep_ms(5);
	}
}

static void a_lock_excludes(void **state)
{
	(void)state;
	on_both(locked);
}

/* Runs in a child: takes the lock and waits to be killed. */
static _Noreturn void hold(const struct state_dir *state_dir, int ready)
{
	struct state_dir_lock lock = STORE_LOCK_INIT;
	struct err err = ERR_INIT;
	/* A connection of its own, as another cmigrate would have. */
	struct host *host = host_new("holder", state_dir->host->ssh, NULL, NULL);
	struct state_dir own = {host, state_dir->dir};
	char c = state_dir_lock(&own, &lock, &err) == 0 ? 'y' : 'n';

	if (write(ready, &c, 1) != 1)
		_exit(1);
	for (;;)
		(void)pause();
}

static void crashed(const struct state_dir *state_dir)
{
	struct state_dir_lock lock = STORE_LOCK_INIT;
	struct err err = ERR_INIT;
	int ready[2];
	char c = 0;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0)
		hold(state_dir, ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	assert_int_equal(state_dir_lock(state_dir, &lock, &err), -1);
	assert_int_equal(err.code, EXIT_BUSY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* The lock's file may still be there; it keeps nobody out. */
	int64_t end = deadline_in_ms(scaled_ms(2000));
	while (state_dir_lock(state_dir, &lock, &err) < 0 && !deadline_passed(end))
		clock_sleep_ms(5);
	assert_true(lock.fd >= 0 || lock.far);
	state_dir_unlock(&lock);
	assert_int_equal(close(ready[0]) + close(ready[1]), 0);
	for (end = deadline_in_ms(scaled_ms(2000)); access(state_dir->dir, F_OK) == 0;) {
		assert_false(deadline_passed(end));
		clock_sleep_ms(5);
	}
}

static void a_holder_that_crashes(void **state)
{
	(void)state;
	on_both(crashed);
}

#define ROUNDS 400

/*
 * Takes the lock again and again. While it is held, nobody else may be between the two marks: the
 * second file is made with O_EXCL. The exit code is the result.
 */
static _Noreturn void compete(const struct state_dir *state_dir, const char *mark)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct state_dir_lock lock = STORE_LOCK_INIT;
		struct err err = ERR_INIT;
		if (state_dir_lock(state_dir, &lock, &err) < 0) {
			if (err.code != EXIT_BUSY)
				_exit(2);
			continue;
		}
		int fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			_exit(3);
		(void)close(fd);
		if (unlink(mark) < 0)
			_exit(4);
		state_dir_unlock(&lock);
	}
	_exit(0);
}

/* The lock's file and its directory are removed each time. Nobody may slip in between, or fail. */
static void races_around_the_removal(void **state)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	CLEANUP_FREE char *mark = str_fmt("%s/mark", dir);
	struct state_dir state_dir;
	pid_t children[4];

	(void)state;
	state_dir_init(&state_dir, here, dir);
	for (size_t i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0)
			compete(&state_dir, mark);
	}
	for (size_t i = 0; i < 4; i++) {
		int status = -1;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_not_equal(access(state_dir.dir, F_OK), 0);
	state_dir_clear(&state_dir);
}

/* Other files in that directory stay. */
static void other_files_stay(const struct state_dir *state_dir)
{
	struct state_dir_lock lock = STORE_LOCK_INIT;
	struct err err = ERR_INIT;

	ok(state_dir_append(state_dir, "history", "x\n", &err), &err);
	ok(state_dir_lock(state_dir, &lock, &err), &err);
	state_dir_unlock(&lock);
	CLEANUP_FREE char *path = str_fmt("%s/lock", state_dir->dir);
	for (int64_t end = deadline_in_ms(scaled_ms(2000)); access(path, F_OK) == 0;) {
		assert_false(deadline_passed(end));
		clock_sleep_ms(5);
	}
	CLEANUP_FREE char *text = text_of(state_dir, "history");
	assert_string_equal(text, "x\n");
	ok(state_dir_remove(state_dir, "history", &err), &err);
}

static void a_lock_removes_only_its_own_file(void **state)
{
	(void)state;
	on_both(other_files_stay);
}

/* Not "busy", which would make somebody wait for a lock that is never released. */
static void a_lock_on_a_host_that_is_off(void **state)
{
	CLEANUP_HOST struct host *off = host_new("rhel03", "off", NULL, NULL);
	struct state_dir_lock lock = STORE_LOCK_INIT;
	struct err err = ERR_INIT;
	struct state_dir state_dir;

	(void)state;
	state_dir_init(&state_dir, off, dir);
	assert_int_equal(state_dir_lock(&state_dir, &lock, &err), -1);
	assert_int_equal(err.code, EXIT_FAILED);
	assert_true(str_starts(err.msg, "rhel03: "));
	assert_non_null(strstr(err.msg, "No route to host"));
	state_dir_clear(&state_dir);
}

/* The failed lock doesn't create a bundle. */
static void a_missing_bundle(void **state)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	CLEANUP_HOST struct host *far = host_new("far", "far", NULL, NULL);
	struct host *both[] = {here, far};
	CLEANUP_FREE char *bundle = str_fmt("%s/none", dir);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct state_dir_lock lock = STORE_LOCK_INIT;
		struct err err = ERR_INIT;
		struct state_dir state_dir;
		state_dir_init(&state_dir, both[i], bundle);
		assert_int_equal(state_dir_lock(&state_dir, &lock, &err), -1);
		assert_int_equal(err.code, EXIT_FAILED);
		assert_non_null(strstr(err.msg, "No such file or directory"));
		assert_int_not_equal(access(bundle, F_OK), 0);
		state_dir_clear(&state_dir);
	}
}

static int set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	dir = stub_dir_make();
	stub_ssh(dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stub_dir_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_append_replace_remove),
		cmocka_unit_test(a_failed_write_is_reported),
		cmocka_unit_test(no_half_file_is_read),
		cmocka_unit_test(replaced_at_once),
		cmocka_unit_test(a_lock_excludes),
		cmocka_unit_test(a_holder_that_crashes),
		cmocka_unit_test(races_around_the_removal),
		cmocka_unit_test(a_lock_removes_only_its_own_file),
		cmocka_unit_test(a_lock_on_a_host_that_is_off),
		cmocka_unit_test(a_missing_bundle),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
