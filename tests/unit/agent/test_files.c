/* SPDX-License-Identifier: MIT */
/* What a host has in the place of files that a container uses elsewhere. */
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
#include <unistd.h>

#include "asked.h"
#include "own_run.h"
#include "stub.h"

static char *root;

static int set_up(void **state)
{
	(void)state;
	root = stub_dir_make();
	CLEANUP_FREE char *bundle = str_fmt("%s/web", root),
			  *rootfs = str_fmt("%s/web/rootfs", root);
	CLEANUP_FREE char *data = str_fmt("%s/data", root), *file = str_fmt("%s/data/file", root);
	CLEANUP_FREE char *own = str_fmt("%s/web/rootfs/own", root);
	CLEANUP_FREE char *path = str_fmt("%s/web/config.json", root);
	CLEANUP_FREE char *config = str_fmt(
		"{\"root\":{\"path\":\"rootfs\"},\"mounts\":["
		"{\"destination\":\"/srv/\",\"source\":\"%s/data\",\"options\":[\"rbind\",\"ro\"]},"
		"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
		"{\"destination\":\"/srv/exe\",\"type\":\"bind\",\"source\":\"/proc/self/exe\"}]}",
		root);
	if (mkdir(bundle, 0700) < 0 || mkdir(rootfs, 0755) < 0 || mkdir(data, 0755) < 0)
		return -1;
	own_run_write(path, config);
	own_run_write(file, "12345");
	own_run_write(own, "");
	return chmod(file, 0640) < 0 || chmod(own, 0600) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	stub_dir_remove(root);
	return 0;
}

static void what_is_there(void **state)
{
	CLEANUP_ASKED struct asked asked =
		ask(root, "- /srv/file\n- /srv/none\n- /srv\ni /srv/exe\n- /own\n- /tmp/x\n",
		    "files", "container=web", NULL);
	CLEANUP_FREE char *data = str_fmt("%s/data", root), *file = str_fmt("%s/data/file", root);
	struct stat at, dir;

	(void)state;
	assert_int_equal(asked.status, 0);
	assert_int_equal(stat(file, &at), 0);
	assert_int_equal(stat(data, &dir), 0);
	CLEANUP_FREE char *start =
		str_fmt("there=100640 5 %lld 0 - /srv/file\nabsent=/srv/none\n"
			"there=40755 %lld %lld 0 - /srv\nthere=100",
			(long long)at.st_mtime, (long long)dir.st_size, (long long)dir.st_mtime);
	assert_true(str_starts(asked.out, start));
	/* A program has a build id, of twenty bytes. */
	const char *exe = strstr(asked.out, " /srv/exe\nthere=100600 0 ");
	assert_non_null(exe);
	assert_int_equal(strspn(exe - 40, "0123456789abcdef"), 40);
	/* What is on a tmpfs is nowhere on the host. */
	CLEANUP_FREE char *end = str_last_line(asked.out);
	assert_string_equal(end, "absent=/tmp/x");
}

static void what_is_no_file(void **state)
{
	static const char *const lines[] = {"/srv/file\n",   "x /srv/file\n", "- srv/file\n",
					    "- /srv/../x\n", "-\n",	      "i  /srv/file\n",
					    "- /srv/\x01x\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		CLEANUP_ASKED struct asked asked =
			ask(root, lines[i], "files", "container=web", NULL);
		assert_int_equal(asked.status, 1);
		assert_string_equal(asked.out, "");
		assert_non_null(strstr(asked.err, "is no file to look for"));
	}
}

static void too_many(void **state)
{
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	for (int i = 0; i <= 1000; i++)
		buf_puts(&text, "- /srv/file\n");
	CLEANUP_ASKED struct asked asked =
		ask(root, buf_str(&text), "files", "container=web", NULL);
	assert_int_equal(asked.status, 1);
	assert_non_null(strstr(asked.err, "more than 1000 files"));
}

static void a_bundle_that_is_not_here(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked asked =
		ask(root, "- /srv/file\n", "files", "container=nobody", NULL);
	assert_int_equal(asked.status, 0);
	assert_string_equal(asked.out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bundle_that_is_not_here, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
