/* SPDX-License-Identifier: MIT */
/* Images and logs of a move, with a /run of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "asked.h"
#include "own_run.h"
#include "stub.h"

#define RUN "/run/cmigrate/web/"
#define ID "20260101T000000-01234567"

static char *root, *images;

static char *in_images(const char *file)
{
	return str_fmt("%s/%s", images, file);
}

static void write_image(const char *file, const char *text)
{
	CLEANUP_FREE char *path = in_images(file);

	own_run_write(path, text);
}

static void remove_image(const char *file)
{
	CLEANUP_FREE char *path = in_images(file);

	assert_int_equal(unlink(path), 0);
}

static void are(int status, const char *transport, char **ret_sum)
{
	CLEANUP_FREE char *word = str_fmt("transport=%s", transport);
	CLEANUP_ASKED struct asked asked =
		ask(root, NULL, "images", "container=web", "id=" ID, word, NULL);

	assert_int_equal(asked.status, status);
	if (ret_sum)
		*ret_sum = str_dup(asked.out);
}

static void whole(void)
{
	write_image("inventory.img", "x");
	write_image("pstree.img", "xy");
	write_image("descriptors.json", "x");
}

/* Complete only where their memory is; missing only if the directory is readable. */
static void whole_missing_or_unseen(void **state)
{
	CLEANUP_FREE char *config = str_fmt("%s/web/config.json", root);
	CLEANUP_FREE char *link = in_images("inventory.img");

	(void)state;
	whole();
	are(0, "shared", NULL);
	are(1, "direct", NULL);
	own_run_write(RUN "pages/received", "");
	are(0, "direct", NULL);
	write_image("inventory.img", "");
	are(1, "direct", NULL);
	remove_image("inventory.img");
	are(1, "direct", NULL);
	/* A path that can't be looked up, like one on a silent server. */
	assert_int_equal(symlink("inventory.img", link), 0);
	are(2, "direct", NULL);
	remove_image("inventory.img");
	assert_int_equal(unlink(config), 0);
	are(2, "direct", NULL);
	own_run_write(config, "{}");
	write_image("inventory.img", "x");
	remove_image("descriptors.json");
	are(1, "shared", NULL);
	whole();
	assert_int_equal(unlink(RUN "pages/received"), 0);
}

static void a_tmpfs_that_was_saved_ahead(void **state)
{
	CLEANUP_FREE char *tmpfs = in_images("tmpfs");

	(void)state;
	whole();
	assert_int_equal(mkdir(tmpfs, 0700), 0);
	are(1, "shared", NULL);
	write_image("tmpfs/checked", "");
	are(0, "shared", NULL);
	remove_image("tmpfs/checked");
	assert_int_equal(rmdir(tmpfs), 0);
}

/* Where a size or a name differs, the sum does; other files don't count. */
static void the_sum(void **state)
{
	CLEANUP_FREE char *first = NULL, *same = NULL, *bigger = NULL, *more = NULL;
	CLEANUP_FREE char *pass = in_images("pass-1");

	(void)state;
	remove_image("inventory.img");
	remove_image("pstree.img");
	whole();
	are(0, "shared", &first);
	write_image("descriptors.json", "another");
	/* A tmpfs lists what was made last first. */
	remove_image("inventory.img");
	remove_image("pstree.img");
	write_image("pstree.img", "yz");
	write_image("inventory.img", "y");
	are(0, "shared", &same);
	assert_string_equal(first, same);
	write_image("pstree.img", "xyz");
	are(0, "shared", &bigger);
	assert_string_not_equal(first, bigger);
	write_image("pstree.img", "xy");
	assert_int_equal(mkdir(pass, 0700), 0);
	write_image("pass-1/pages-1.img", "x");
	are(0, "shared", &more);
	assert_string_not_equal(first, more);
	remove_image("pass-1/pages-1.img");
	assert_int_equal(rmdir(pass), 0);
}

static void images_that_are_no_way_back(void **state)
{
	CLEANUP_ASKED struct asked done = ask(root, NULL, "void", "container=web", "id=" ID, NULL);

	(void)state;
	assert_int_equal(done.status, 0);
	are(1, "shared", NULL);
	CLEANUP_ASKED struct asked again = ask(root, NULL, "void", "container=web", "id=" ID, NULL);
	assert_int_equal(again.status, 0);
	whole();
}

static int readahead_status(void)
{
	CLEANUP_ASKED struct asked asked =
		ask(root, NULL, "readahead", "container=web", "id=" ID, "pass=2", NULL);

	return asked.status;
}

static void reading_ahead(void **state)
{
	CLEANUP_FREE char *pass = in_images("pass-2"), *pages = in_images("pass-2/pages-2.img");

	(void)state;
	assert_int_equal(readahead_status(), 0);
	assert_int_equal(mkdir(pass, 0700), 0);
	write_image("pass-2/pages-1.img", "x");
	assert_int_equal(readahead_status(), 0);
	assert_int_equal(mkdir(pages, 0700), 0);
	assert_int_equal(readahead_status(), 1);
	assert_int_equal(rmdir(pages), 0);
	remove_image("pass-2/pages-1.img");
	assert_int_equal(rmdir(pass), 0);
}

static char *kept(const char *file)
{
	CLEANUP_FREE char *path = NULL;
	struct utsname uts;
	static char text[64];

	assert_int_equal(uname(&uts), 0);
	path = str_fmt("%s/web/.cmigrate/logs-" ID "/%s.%s", root, uts.nodename, file);
	FILE *f = fopen(path, "re");
	if (!f)
		return NULL;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	assert_int_equal(fclose(f), 0);
	return text;
}

static int keep_logs(void)
{
	CLEANUP_ASKED struct asked asked = ask(root, NULL, "logs", "container=web", "id=" ID, NULL);

	return asked.status;
}

static void keeping_logs(void **state)
{
	CLEANUP_FREE char *directory = str_fmt("%s/web/.cmigrate/logs-" ID, root);

	(void)state;
	own_run_write(RUN "dump.log", "why\n");
	own_run_write(RUN "dump.out", "what\n");
	own_run_write(RUN "criu.conf", "not a log\n");
	assert_int_equal(mkfifo(RUN "gate.log", 0600), 0);
	assert_int_equal(keep_logs(), 0);
	assert_string_equal(kept("dump.log"), "why\n");
	assert_string_equal(kept("dump.out"), "what\n");
	assert_null(kept("criu.conf"));
	assert_null(kept("gate.log"));
	/* Again, with less in it. */
	own_run_write(RUN "dump.log", "\n");
	assert_int_equal(keep_logs(), 0);
	assert_string_equal(kept("dump.log"), "\n");
	CLEANUP_FREE char *remove = str_fmt("rm -r '%s'", directory);
	assert_int_equal(system(remove), 0);
	own_run_write(directory, "in the way");
	assert_int_equal(keep_logs(), 1);
	assert_int_equal(unlink(directory), 0);
	CLEANUP_ASKED struct asked none = ask(root, NULL, "logs", "container=none", "id=" ID, NULL);
	assert_int_equal(none.status, 0);
}

static void log_is(const char *op, const char *kind, const char *text)
{
	CLEANUP_FREE char *op_word = str_fmt("op=%s", op), *kind_word = str_fmt("kind=%s", kind);
	CLEANUP_ASKED struct asked asked =
		ask(root, NULL, "log", "container=web", op_word, kind_word, NULL);

	assert_int_equal(asked.status, text ? 0 : 1);
	if (text)
		assert_string_equal(asked.out, text);
}

static void errors_in_logs(void **state)
{
	CLEANUP_BUF struct buf errors = {0};

	(void)state;
	own_run_write(RUN "restore.log",
		      "(00.1) Error (criu/a.c:1): why\n\n(00.2) no Error\nError (b.c:2): end");
	log_is("errors", "restore", "(00.1) Error (criu/a.c:1): why\nError (b.c:2): end");
	for (int i = 0; i < 401; i++)
		buf_printf(&errors, "Error (%d)\nno\n", i);
	own_run_write(RUN "restore.log", errors.s);
	CLEANUP_ASKED struct asked asked =
		ask(root, NULL, "log", "container=web", "op=errors", "kind=restore", NULL);
	assert_non_null(strstr(asked.out, "Error (399)\n"));
	assert_null(strstr(asked.out, "Error (400)\n"));
	log_is("errors", "pages", NULL);
	log_is("errors", "journal", NULL);
	log_is("read", "restore", NULL);
}

static void ends_of_logs(void **state)
{
	CLEANUP_BUF struct buf lines = {0};

	(void)state;
	own_run_write(RUN "restore.out", "");
	log_is("tail", "restore", "");
	own_run_write(RUN "restore.out", "one\n\ntwo");
	log_is("tail", "restore", "one\n\ntwo");
	for (int i = 0; i < 401; i++)
		buf_printf(&lines, "line %d\n", i);
	own_run_write(RUN "restore.out", lines.s);
	log_is("tail", "restore", strchr(lines.s, '\n') + 1);
	/* A line of any length. */
	CLEANUP_FREE char *text = mem_new(1, 300 * 1024 + 1);
	memset(text, 'x', 300 * 1024);
	own_run_write(RUN "restore.out", text);
	log_is("tail", "restore", text + 300 * 1024 - 256 * 1024);
}

static int set_up(void **state)
{
	(void)state;
	own_run_enter();
	(void)setenv("TMPDIR", "/run", 1);
	root = stub_dir_make();
	CLEANUP_FREE char *bundle = str_fmt("%s/web", root), *dir = str_fmt("%s/.cmigrate", bundle);
	CLEANUP_FREE char *config = str_fmt("%s/config.json", bundle);
	images = str_fmt("%s/images-" ID, dir);
	int status = mkdir(bundle, 0755) + mkdir(dir, 0700) + mkdir(images, 0700) +
		     mkdir("/run/cmigrate", 0700) + mkdir("/run/cmigrate/web", 0700) +
		     mkdir(RUN "pages", 0700);
	own_run_write(config, "{}");
	return status;
}

static int tear_down(void **state)
{
	(void)state;
	stub_dir_remove(root);
	free(images);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_missing_or_unseen),
		cmocka_unit_test(a_tmpfs_that_was_saved_ahead),
		cmocka_unit_test(the_sum),
		cmocka_unit_test(images_that_are_no_way_back),
		cmocka_unit_test(reading_ahead),
		cmocka_unit_test(keeping_logs),
		cmocka_unit_test(errors_in_logs),
		cmocka_unit_test(ends_of_logs),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
