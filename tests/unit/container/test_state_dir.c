/* SPDX-License-Identifier: MIT */
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

static struct host *new_host(const char *name, const char *ssh)
{
	struct host *host = host_new(name, ssh, NULL, NULL);

	host->root = str_dup(dir);
	return host;
}

static void on(struct host *host, both_fn *test)
{
	CLEANUP_FREE char *bundle = str_fmt("%s/%s.1_x", dir, host->name);
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
	CLEANUP_HOST struct host *here = new_host("here", NULL);
	CLEANUP_HOST struct host *far = new_host("far", "far");

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
	struct state_dir_lock lock = {0};
	assert_int_equal(state_dir_lock(state_dir, &lock, &err), -1);
	assert_int_equal(err.code, EXIT_FAILED);
	assert_null(lock.host);
	state_dir_unlock(&lock);
	assert_int_equal(state_dir_read(state_dir, "journal", &text, &found, &err), -1);
	assert_false(found || text.s);
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

static void locked(const struct state_dir *state_dir)
{
	struct state_dir_lock lock = {0}, second = {0};
	struct err err = ERR_INIT;

	ok(state_dir_lock(state_dir, &lock, &err), &err);
	CLEANUP_HOST struct host *here = new_host("here", NULL);
	CLEANUP_HOST struct host *far = new_host("far", "far");
	struct host *both[] = {here, far};
	/* Nobody else gets it: neither this process, nor another one on either way. */
	for (size_t i = 0; i < 2; i++) {
		struct state_dir other = *state_dir;
		other.host = both[i];
		assert_int_equal(state_dir_lock(&other, &second, &err), -1);
		assert_int_equal(err.code, EXIT_BUSY);
		assert_non_null(strstr(err.msg, "another cmigrate holds '"));
		assert_null(second.host);
		assert_non_null(strstr(err.msg, ", pid "));
	}
	state_dir_unlock(&lock);
	/* Each of them can lock it again, and nothing is left. */
	for (size_t i = 0; i < 2; i++) {
		struct state_dir other = *state_dir;
		other.host = both[i];
		ok(state_dir_lock(&other, &second, &err), &err);
		state_dir_unlock(&second);
	}
	assert_int_not_equal(access(state_dir->dir, F_OK), 0);
}

static void a_lock_excludes(void **state)
{
	(void)state;
	on_both(locked);
}

/* A group's is in the bundle root, and is waited for. */
static void locked_group(const struct state_dir *state_dir)
{
	struct state_dir_lock lock = {0}, second = {0};
	struct state_dir group = {0};
	struct err err = ERR_INIT;

	state_dir_init_batch(&group, state_dir->host, dir, "group-web");
	ok(state_dir_lock_wait(&group, 0, &lock, &err), &err);
	assert_int_equal(state_dir_lock_wait(&group, 100, &second, &err), -1);
	assert_int_equal(err.code, EXIT_BUSY);
	assert_null(second.host);
	/* A container's is another one. */
	ok(state_dir_lock(state_dir, &second, &err), &err);
	state_dir_unlock(&second);
	state_dir_unlock(&lock);
	assert_int_not_equal(access(group.dir, F_OK), 0);
	state_dir_clear(&group);
}

static void a_lock_of_a_group(void **state)
{
	(void)state;
	on_both(locked_group);
}

/* Runs in a child: takes the lock and waits to be killed. */
static _Noreturn void hold(const struct state_dir *state_dir, int ready)
{
	struct state_dir_lock lock = {0};
	struct err err = ERR_INIT;
	/* A connection of its own, as another cmigrate would have. */
	struct state_dir own = *state_dir;
	own.host = new_host("holder", state_dir->host->ssh);
	char c = state_dir_lock(&own, &lock, &err) == 0 ? 'y' : 'n';

	if (write(ready, &c, 1) != 1)
		_exit(1);
	for (;;)
		(void)pause();
}

static void crashed(const struct state_dir *state_dir)
{
	struct state_dir_lock lock = {0};
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
	assert_non_null(lock.host);
	state_dir_unlock(&lock);
	assert_int_equal(close(ready[0]) + close(ready[1]), 0);
	assert_int_not_equal(access(state_dir->dir, F_OK), 0);
}

static void a_holder_that_crashes(void **state)
{
	(void)state;
	on_both(crashed);
}

/* The agent here, or the ssh. */
static pid_t child_of_ours(void)
{
	CLEANUP_FREE char *path = str_fmt("/proc/self/task/%d/children", (int)getpid());
	FILE *f = fopen(path, "re");
	int pid = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	assert_int_equal(fclose(f), 0);
	return pid;
}

static void lost(const char *ssh)
{
	struct state_dir_lock lock = {0}, second = {0};
	CLEANUP_HOST struct host *host = new_host("holder", ssh);
	CLEANUP_HOST struct host *other = new_host("other", NULL);
	CLEANUP_FREE char *bundle = str_fmt("%s/lost", dir);
	struct state_dir state_dir;
	struct err err = ERR_INIT;

	assert_int_equal(mkdir(bundle, 0755), 0);
	state_dir_init(&state_dir, host, bundle);
	ok(state_dir_lock(&state_dir, &lock, &err), &err);
	assert_int_equal(kill(child_of_ours(), SIGKILL), 0);
	assert_int_equal(state_dir_append(&state_dir, "journal", "x\n", &err), -1);
	assert_int_equal(err.cause, CAUSE_LOST_HOST);
	assert_int_equal(state_dir_append(&state_dir, "journal", "x\n", &err), -1);
	state_dir_unlock(&lock);
	state_dir.host = other;
	int64_t end = deadline_in_ms(scaled_ms(2000));
	while (state_dir_lock(&state_dir, &second, &err) < 0 && !deadline_passed(end))
		clock_sleep_ms(5);
	assert_non_null(second.host);
	state_dir_unlock(&second);
	state_dir_clear(&state_dir);
	assert_int_equal(rmdir(bundle), 0);
}

/* Nobody goes on with a lock that another one may have by now. */
static void whoever_has_lost_a_lock_notices(void **state)
{
	(void)state;
	lost(NULL);
	lost("far");
}

/* Not "busy", which would make somebody wait for a lock that is never released. */
static void a_lock_on_a_host_that_is_off(void **state)
{
	CLEANUP_HOST struct host *off = new_host("rhel03", "off");
	struct state_dir_lock lock = {0};
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
	CLEANUP_HOST struct host *here = new_host("here", NULL);
	CLEANUP_HOST struct host *far = new_host("far", "far");
	struct host *both[] = {here, far};
	CLEANUP_FREE char *bundle = str_fmt("%s/none", dir);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct state_dir_lock lock = {0};
		struct err err = ERR_INIT;
		struct state_dir state_dir;
		state_dir_init(&state_dir, both[i], bundle);
		assert_int_equal(state_dir_lock(&state_dir, &lock, &err), -1);
		assert_int_equal(err.code, EXIT_FAILED);
		CLEANUP_FREE char *said =
			str_fmt("%s: can't lock '%s/.cmigrate/lock': No such file or directory",
				both[i]->name, bundle);
		assert_string_equal(err.msg, said);
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
		cmocka_unit_test(a_lock_excludes),
		cmocka_unit_test(a_lock_of_a_group),
		cmocka_unit_test(a_holder_that_crashes),
		cmocka_unit_test(whoever_has_lost_a_lock_notices),
		cmocka_unit_test(a_lock_on_a_host_that_is_off),
		cmocka_unit_test(a_missing_bundle),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
