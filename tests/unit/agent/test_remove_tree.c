/* SPDX-License-Identifier: MIT */
/* A tree on a file system whose places in a directory are numbers, as those of some NFS servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "agent/request/remove_tree.h"
#include "stub.h"

#define FILES 100

/* The entry after one that was removed is passed over: it has moved up by one place. */
struct dirent *readdir(DIR *dir)
{
	static char last[256];
	struct stat st;
	struct dirent64 *e = readdir64(dir);

	if (e && *last && fstatat(dirfd(dir), last, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT && *e->d_name != '.')
		e = readdir64(dir);
	(void)snprintf(last, sizeof(last), "%s", e ? e->d_name : "");
	return (struct dirent *)(void *)e;
}

static void entries_that_are_passed_over(void **state)
{
	char *base = stub_dir_make();
	CLEANUP_FREE char *tree = str_fmt("%s/tree", base);
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(tree, 0700), 0);
	for (int i = 0; i < FILES; i++) {
		CLEANUP_FREE char *name = str_fmt("f%d", i);
		stub_program(tree, name, "");
	}
	assert_int_equal(remove_tree(tree, NULL), 0);
	assert_int_equal(stat(tree, &st), -1);
	stub_dir_remove(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_that_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
