/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asked.h"
#include "slowness.h"
#include "stub.h"

#define SOON_MS 300

static char *root, *dir, *file;

static void put(const char *text, int flags)
{
	(void)mkdir(dir, 0700);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

/* What a tail says within some time; -1 if the time is over before. */
static void tails(int ms, const char *size, int status, const char *out)
{
	CLEANUP_FREE char *word = str_fmt("size=%s", size);
	CLEANUP_ASKED struct asked asked =
		ask_within(ms, root, "tail", "container=web", "file=events", word, NULL);

	if (asked.status != status || strcmp(asked.out, out) != 0)
		fail_msg("size %s: %d, '%s', %s", size, asked.status, asked.out, asked.err);
}

static void what_is_there_already(void **state)
{
	(void)state;
	put("one\ntwo\n", O_TRUNC);
	tails(scaled_ms(10000), "0", 0, "8\none\ntwo\n");
	tails(scaled_ms(10000), "4", 0, "8\ntwo\n");
	/* Nothing more comes. */
	tails(SOON_MS, "8", 1, "");
}

/* A file that is shorter than it was is another one. */
static void another_file(void **state)
{
	(void)state;
	put("new\n", O_TRUNC);
	tails(scaled_ms(10000), "8", 0, "4\nnew\n");
}

static void no_file(void **state)
{
	(void)state;
	(void)unlink(file);
	tails(SOON_MS, "0", 1, "");
	tails(scaled_ms(10000), "8", 3, "");
	(void)rmdir(dir);
	tails(SOON_MS, "0", 1, "");
	tails(scaled_ms(10000), "8", 3, "");
}

static int opened; /* inotify(7): somebody has opened the file */

static void *change(void *how)
{
	char event[4096];

	assert_true(read(opened, event, sizeof(event)) > 0);
	if (strcmp(how, "add") == 0) {
		put("more\n", O_APPEND);
	} else {
		/* Between two looks, most likely: then only a descriptor still has the end. */
		int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
		usleep(30000);
		(void)unlink(file);
		assert_int_equal(write(fd, "last\n", 5), 5);
		(void)close(fd);
	}
	return NULL;
}

static void while_changed(const char *how, const char *out)
{
	pthread_t thread;

	put("one\n", O_TRUNC);
	opened = inotify_init1(IN_CLOEXEC);
	assert_true(inotify_add_watch(opened, file, IN_OPEN) >= 0);
	assert_int_equal(pthread_create(&thread, NULL, change, (void *)(uintptr_t)how), 0);
	tails(scaled_ms(10000), "4", 0, out);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(opened);
}

static void what_comes_later(void **state)
{
	(void)state;
	while_changed("add", "9\nmore\n");
}

static void the_last_words_of_a_file_that_is_removed(void **state)
{
	(void)state;
	while_changed("remove", "9\nlast\n");
}

static void no_link_is_followed(void **state)
{
	(void)state;
	(void)mkdir(dir, 0700);
	(void)unlink(file);
	assert_int_equal(symlink("/etc/passwd", file), 0);
	CLEANUP_ASKED struct asked asked = ask_within(
		scaled_ms(10000), root, "tail", "container=web", "file=events", "size=0", NULL);
	assert_int_equal(asked.status, 1);
	assert_non_null(strstr(asked.err, "symbolic link"));
	assert_string_equal(asked.out, "");
	assert_int_equal(unlink(file), 0);
}

/* Many moves of one command have such files too, and no name leads elsewhere. */
static void of_a_batch(void **state)
{
	static const char *const bad[] = {"batch=drain-../../etc", "batch=drain-", "batch=web",
					  "batch=drain--x", "batch="};
	CLEANUP_FREE char *path = str_fmt("%s/.cmigrate-drain-rhel01/wishes", root);

	(void)state;
	CLEANUP_ASKED struct asked made =
		ask(root, "one\n", "store", "batch=drain-rhel01", "op=note", "file=wishes", NULL);
	assert_int_equal(made.status, 0);
	assert_int_equal(access(path, F_OK), 0);
	CLEANUP_ASKED struct asked tail =
		ask_within(scaled_ms(10000), root, "tail", "batch=drain-rhel01", "file=wishes",
			   "size=0", NULL);
	assert_string_equal(tail.out, "4\none\n");
	CLEANUP_ASKED struct asked gone =
		ask(root, NULL, "store", "batch=drain-rhel01", "op=remove", "file=wishes", NULL);
	assert_int_equal(gone.status, 0);
	*strrchr(path, '/') = '\0';
	assert_int_not_equal(access(path, F_OK), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEANUP_ASKED struct asked refused =
			ask(root, NULL, "store", bad[i], "op=read", "file=wishes", NULL);
		if (refused.status != -1)
			fail_msg("%s: %d", bad[i], refused.status);
	}
}

static int set_up(void **state)
{
	(void)state;
	root = stub_dir_make();
	CLEANUP_FREE char *bundle = str_fmt("%s/web", root);
	dir = str_fmt("%s/.cmigrate", bundle);
	file = str_fmt("%s/events", dir);
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
		cmocka_unit_test(what_is_there_already),
		cmocka_unit_test(another_file),
		cmocka_unit_test(no_file),
		cmocka_unit_test(what_comes_later),
		cmocka_unit_test(the_last_words_of_a_file_that_is_removed),
		cmocka_unit_test(no_link_is_followed),
		cmocka_unit_test(of_a_batch),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
