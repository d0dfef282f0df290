/* SPDX-License-Identifier: MIT */
/* The bundle's directory as an agent opens and closes it, and questions about paths in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "asked.h"
#include "cmigrate/protocol/status.h"
#include "own_run.h"
#include "stub.h"

#define ID "20260102T030405-0a1b2c3d"
#define CONFIG "{\"ociVersion\": \"1.0.2\"}\n"
#define OPEN "open", "container=web", "id=" ID, NULL
#define CLOSE "close", "container=web", "id=" ID

static char *root;

/* A path below the root; the caller's. */
static char *below(const char *path)
{
	return str_fmt("%s/%s", root, path);
}

static void put(const char *path, const char *text)
{
	CLEANUP_FREE char *file = below(path);

	own_run_write(file, text);
}

static void make_dir(const char *path)
{
	CLEANUP_FREE char *dir = below(path);

	assert_int_equal(mkdir(dir, 0700), 0);
}

static bool is_there(const char *path)
{
	CLEANUP_FREE char *file = below(path);
	struct stat st;

	return lstat(file, &st) == 0;
}

static int set_up(void **state)
{
	(void)state;
	root = stub_dir_make();
	make_dir("web");
	put("web/config.json", CONFIG);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stub_dir_remove(root);
	return 0;
}

static void opened_and_closed(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked opened = ask(root, NULL, OPEN);
	assert_int_equal(opened.status, 0);
	assert_string_equal(opened.out, CONFIG);
	assert_true(is_there("web/.cmigrate/proof-" ID));
	CLEANUP_ASKED struct asked closed = ask(root, NULL, CLOSE, NULL);
	assert_int_equal(closed.status, 0);
	assert_false(is_there("web/.cmigrate"));
	/* Once more is fine. */
	CLEANUP_ASKED struct asked again = ask(root, NULL, CLOSE, NULL);
	assert_int_equal(again.status, 0);
}

static void kept_directories(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked opened = ask(root, NULL, OPEN);
	CLEANUP_ASKED struct asked locked = ask(root, NULL, CLOSE, "keep=yes", NULL);
	assert_int_equal(locked.status, 0);
	assert_true(is_there("web/.cmigrate"));
	assert_false(is_there("web/.cmigrate/proof-" ID));
	put("web/.cmigrate/history", "x\n");
	CLEANUP_ASKED struct asked full = ask(root, NULL, CLOSE, NULL);
	assert_int_equal(full.status, 0);
	assert_true(is_there("web/.cmigrate/history"));
}

static void no_config(void **state)
{
	CLEANUP_FREE char *config = below("web/config.json");

	(void)state;
	assert_int_equal(unlink(config), 0);
	CLEANUP_ASKED struct asked opened = ask(root, NULL, OPEN);
	assert_int_equal(opened.status, STATUS_ABSENT);
	assert_false(is_there("web/.cmigrate"));
	CLEANUP_ASKED struct asked none = ask(root, NULL, "config", "container=db", NULL);
	assert_int_equal(none.status, STATUS_ABSENT);
	/* A file that can't be read is not absent. */
	make_dir("web/config.json");
	CLEANUP_ASKED struct asked unread = ask(root, NULL, "config", "container=web", NULL);
	assert_int_equal(unread.status, 1);
	assert_non_null(strstr(unread.err, "web/config.json': Is a directory"));
}

/* The reader gets one byte more than it takes. */
static void config_is_bounded(void **state)
{
	CLEANUP_FREE char *text = mem_new(1, 1100001);

	(void)state;
	memset(text, 'x', 1100000);
	put("web/config.json", text);
	CLEANUP_ASKED struct asked large = ask(root, NULL, "config", "container=web", NULL);
	assert_int_equal(large.status, 0);
	assert_int_equal(strlen(large.out), 1048577);
}

/* Nothing is written where a link leads. */
static void links_lead_nowhere(void **state)
{
	CLEANUP_FREE char *dir = below("dir"), *state_dir = below("web/.cmigrate");
	CLEANUP_FREE char *secret = below("secret");
	CLEANUP_FREE char *proof = below("web/.cmigrate/proof-" ID);
	struct stat st;

	(void)state;
	make_dir("dir");
	assert_int_equal(symlink(dir, state_dir), 0);
	CLEANUP_ASKED struct asked opened = ask(root, NULL, OPEN);
	assert_int_equal(opened.status, 0);
	assert_false(is_there("dir/proof-" ID));
	assert_int_equal(unlink(state_dir), 0);
	assert_int_equal(rename(dir, state_dir), 0);
	put("secret", "secret");
	assert_int_equal(symlink(secret, proof), 0);
	CLEANUP_ASKED struct asked again = ask(root, NULL, OPEN);
	assert_int_equal(again.status, 0);
	assert_int_equal(stat(secret, &st), 0);
	assert_int_equal(st.st_size, strlen("secret"));
}

/* Proofs of commands that were killed go after an hour, others stay. */
static void old_proofs_go(void **state)
{
	CLEANUP_FREE char *old = below("web/.cmigrate/proof-old");
	const struct timespec past[2] = {{.tv_sec = time(NULL) - 4000},
					 {.tv_sec = time(NULL) - 4000}};

	(void)state;
	make_dir("web/.cmigrate");
	put("web/.cmigrate/proof-old", "x");
	put("web/.cmigrate/proof-new", "x");
	assert_int_equal(utimensat(AT_FDCWD, old, past, 0), 0);
	CLEANUP_ASKED struct asked opened = ask(root, NULL, OPEN);
	assert_false(is_there("web/.cmigrate/proof-old"));
	assert_true(is_there("web/.cmigrate/proof-new"));
	assert_true(is_there("web/.cmigrate/proof-" ID));
}

static void says(const char *op, const char *container, const char *images, const char *answer)
{
	CLEANUP_ASKED struct asked asked = ask(root, NULL, "path", op, container, images, NULL);

	assert_int_equal(asked.status, 0);
	assert_string_equal(asked.out, answer);
}

static void paths(void **state)
{
	(void)state;
	says("op=is-directory", NULL, NULL, "yes\n");
	says("op=is-directory", "container=web", NULL, "yes\n");
	says("op=is-directory", "container=db", NULL, "no\n");
	says("op=exists", "container=web", "images=checkpoint", "no\n");
	put("web/checkpoint", "x");
	says("op=exists", "container=web", "images=checkpoint", "yes\n");
	says("op=is-directory", "container=web", "images=checkpoint", "no\n");
	CLEANUP_ASKED struct asked unknown = ask(root, NULL, "path", "op=remove", NULL);
	assert_int_equal(unknown.status, 1);
	CLEANUP_FREE char *nowhere = below("web/config.json");
	CLEANUP_ASKED struct asked below_file =
		ask(nowhere, NULL, "path", "op=exists", "container=web", NULL);
	assert_string_equal(below_file.out, "no\n");
}

static void bytes(void **state)
{
	CLEANUP_FREE char *text = mem_new(1, 300001);

	(void)state;
	make_dir("web/checkpoint");
	make_dir("web/checkpoint/deep");
	memset(text, 'x', 300000);
	put("web/checkpoint/deep/pages-1.img", text);
	CLEANUP_ASKED struct asked asked =
		ask(root, NULL, "path", "op=bytes", "container=web", "images=checkpoint", NULL);
	assert_int_equal(asked.status, 0);
	assert_in_range(strtoull(asked.out, NULL, 10), 300000, 400000);
	CLEANUP_ASKED struct asked none =
		ask(root, NULL, "path", "op=bytes", "container=db", "images=checkpoint", NULL);
	assert_int_equal(none.status, 1);
}

static void sync_needs_images(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none = ask(root, NULL, "sync", "container=web", NULL);
	assert_int_equal(none.status, 1);
	make_dir("web/checkpoint");
	CLEANUP_ASKED struct asked done = ask(root, NULL, "sync", "container=web", NULL);
	assert_int_equal(done.status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opened_and_closed),
		TEST(kept_directories),
		TEST(no_config),
		TEST(config_is_bounded),
		TEST(links_lead_nowhere),
		TEST(old_proofs_go),
		TEST(paths),
		TEST(bytes),
		TEST(sync_needs_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
