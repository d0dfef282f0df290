/* SPDX-License-Identifier: MIT */
/* What the watch tells of CRIU's log of a restore. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "asked.h"
#include "own_run.h"
#include "session_child.h"

#define RUN "/run/cmigrate/web"
#define LOG RUN "/restore.log"

static int set_up(void **state)
{
	(void)state;
	own_run_enter();
	if (mkdir("/run/cmigrate", 0700) < 0)
		abort();
	return 0;
}

static int make_run(void **state)
{
	(void)state;
	return mkdir(RUN, 0700);
}

static int remove_run(void **state)
{
	(void)state;
	return system("rm -rf " RUN) == 0 ? 0 : -1;
}

/* Lines as criu/pie/restorer.c writes them. */
static void log_lines(int count, const char *text)
{
	FILE *f = fopen(LOG, "ae");

	assert_non_null(f);
	for (int i = 0; i < count; i++)
		(void)fprintf(f, "(%02d.%06d) %s\n", i / 1000, i, text);
	(void)fclose(f);
}

static struct asked watch(int ms)
{
	return ask_within(ms, "/x", "watch", "container=web", NULL);
}

static off_t log_size(void)
{
	struct stat st;

	return stat(LOG, &st) == 0 ? st.st_size : -1;
}

static void an_image_that_is_too_short(void **state)
{
	(void)state;
	log_lines(40000, "pie: 1: Preadv 7f1be5c00000:1052672... (1 iovs)");
	log_lines(200, "pie: 1: `- returned 0");
	CLEANUP_ASKED struct asked asked = watch(20000);
	assert_int_equal(asked.status, 0);
	assert_string_equal(
		asked.out,
		"criu repeats itself without end: an image is shorter than it should be\n");
	assert_int_equal(log_size(), 0);
}

static void many_similar_lines_of_a_large_memory(void **state)
{
	(void)state;
	log_lines(60000, "pie: 1:    `- skip pagemap");
	CLEANUP_ASKED struct asked asked = watch(100);
	assert_int_equal(asked.status, 1);
	assert_string_equal(asked.out, "");
	assert_true(log_size() > 2000000);
}

/* Writes after a moment, or removes the directory. */
static pid_t later(void (*serve)(void *ctx))
{
	return session_child(RUN "/other.session", serve, NULL);
}

static void serve_failure(void *ctx)
{
	(void)ctx;
	(void)usleep(50000);
	log_lines(1, "Error (criu/cr-restore.c:1): Restoring FAILED.");
}

static void serve_success(void *ctx)
{
	(void)ctx;
	(void)usleep(50000);
	log_lines(1, "Restore finished successfully. Tasks resumed.");
	log_lines(3, "Running post-resume scripts");
}

static void serve_removal(void *ctx)
{
	(void)ctx;
	(void)usleep(50000);
	_exit(system("rm -rf " RUN));
}

/* The log has the reason. */
static void a_failure_is_seen_at_once(void **state)
{
	pid_t pid = later(serve_failure);
	int64_t began = clock_now_us();
	CLEANUP_ASKED struct asked asked = watch(60000);

	(void)state;
	assert_int_equal(asked.status, 0);
	assert_string_equal(asked.out, "");
	/* The log came: no look at the clock would be due. */
	assert_true(clock_now_us() - began < 30000000);
	session_child_end(pid);
}

/* runc takes a while to end after that. */
static void processes_that_run(void **state)
{
	(void)state;
	log_lines(1, "Running pre-resume scripts");
	pid_t pid = later(serve_success);
	CLEANUP_ASKED struct asked asked = watch(60000);
	assert_int_equal(asked.status, 0);
	assert_string_equal(asked.out, "resumed\n");
	session_child_end(pid);
}

/* As CRIU ends: the line, and at once a file. */
static void serve_statistics(void *ctx)
{
	(void)usleep(50000);
	log_lines(1, "Restore finished successfully. Tasks resumed.");
	*(int64_t *)ctx = clock_now_us();
	own_run_write(RUN "/stats-restore", "");
}

/* The next look would be 200 ms later. A slow machine may need some tries to be quick enough. */
static void no_look_at_the_clock_is_waited_for(void **state)
{
	int64_t *said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t late = INT64_MAX;

	(void)state;
	assert_true(said != MAP_FAILED);
	for (int i = 0; i < 20 && late > 100000; i++) {
		own_run_write(LOG, "Running pre-resume scripts\n");
		pid_t pid = session_child(RUN "/other.session", serve_statistics, said);
		CLEANUP_ASKED struct asked asked = watch(60000);
		late = clock_now_us() - *said;
		assert_string_equal(asked.out, "resumed\n");
		session_child_end(pid);
		assert_int_equal(unlink(RUN "/stats-restore"), 0);
	}
	assert_true(late <= 100000);
}

static void the_end_of_the_directory(void **state)
{
	pid_t pid = later(serve_removal);
	CLEANUP_ASKED struct asked asked = watch(60000);

	(void)state;
	assert_int_equal(asked.status, 0);
	assert_string_equal(asked.out, "");
	session_child_end(pid);
	CLEANUP_ASKED struct asked gone = watch(60000);
	assert_int_equal(gone.status, 0);
}

static void serve_lock(void *ctx)
{
	(void)flock(*(int *)ctx, LOCK_EX);
}

/* Here one waits below a process of the restore. It has not the descriptor that has the lock. */
static void serve_parent(void *ctx)
{
	(void)close(*(int *)ctx);
	if (fork() == 0) {
		(void)setsid();
		int own = open(RUN "/locked", O_RDWR);
		serve_lock(&own);
		_exit(0);
	}
	serve_sleep(ctx);
}

static void a_lock_that_another_has(void **state)
{
	(void)state;
	own_run_write(RUN "/locked", "");
	int fd = open(RUN "/locked", O_RDWR | O_CLOEXEC);
	log_lines(1, "(flock)flag: 2, type: 1, cmd: 2, pid: 1, fd: 12");
	pid_t pid = session_child(RUN "/restore.session", serve_sleep, NULL);
	CLEANUP_ASKED struct asked other = watch(3000);
	assert_int_equal(other.status, 1);
	assert_string_equal(other.out, "");
	session_child_end(pid);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = session_child(RUN "/restore.session", serve_parent, &fd);
	CLEANUP_ASKED struct asked asked = watch(60000);
	assert_int_equal(asked.status, 0);
	assert_string_equal(
		asked.out,
		"criu waits for a lock on a file that another process holds; try again\n");
	/* The one below it gets the lock, and ends. */
	session_child_end(pid);
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_image_that_is_too_short, make_run, remove_run),
		cmocka_unit_test_setup_teardown(many_similar_lines_of_a_large_memory, make_run,
						remove_run),
		cmocka_unit_test_setup_teardown(a_failure_is_seen_at_once, make_run, remove_run),
		cmocka_unit_test_setup_teardown(processes_that_run, make_run, remove_run),
		cmocka_unit_test_setup_teardown(no_look_at_the_clock_is_waited_for, make_run,
						remove_run),
		cmocka_unit_test_setup_teardown(the_end_of_the_directory, make_run, remove_run),
		cmocka_unit_test_setup_teardown(a_lock_that_another_has, make_run, remove_run),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
