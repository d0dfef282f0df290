/* SPDX-License-Identifier: MIT */
/* Which tmpfs of a container are its own, from the texts that the kernel shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <sys/sysmacros.h>

#include "agent/restore/tmpfs_mounts.h"

#define HOST                                                                                       \
	"22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"                                           \
	"23 22 0:21 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=64k\n"
#define ROOT "300 200 8:1 /runc/rootfs / ro,relatime - ext4 /dev/sda1 rw\n"

static struct tmpfs_mounts find(const char *lines)
{
	CLEANUP_FREE char *container = str_fmt(ROOT "%s", lines);
	struct tmpfs_mounts mounts = {.pid = 7};

	tmpfs_mounts_find(&mounts, HOST, container);
	return mounts;
}

static void its_own(void **state)
{
	CLEANUP_TMPFS_MOUNTS struct tmpfs_mounts mounts =
		find("301 300 0:300 / /dev rw,nosuid - tmpfs tmpfs "
		     "rw,seclabel,size=64k,mode=755,inode64\n"
		     "302 300 0:47 / /mnt/a ro - tmpfs  ro\n");

	(void)state;
	assert_int_equal(mounts.n, 2);
	assert_int_equal(mounts.v[0].number, 1);
	assert_string_equal(mounts.v[0].path, "/dev");
	assert_string_equal(mounts.v[0].options, "rw,size=64k,mode=755");
	assert_true(mounts.v[0].device == makedev(0, 300));
	assert_string_equal(mounts.v[1].options, "ro");
}

static void those_that_are_not(void **state)
{
	static const char *const lines[] = {
		/* A host's, bound; a directory of one; another file system. */
		"301 300 0:21 / /mnt rw - tmpfs tmpfs rw\n",
		"301 300 0:47 /below /mnt rw - tmpfs tmpfs rw\n",
		"301 300 0:47 / /mnt rw - proc proc rw\n",
		/* One on another. */
		("301 300 0:47 / /mnt rw - tmpfs tmpfs rw\n"
		 "302 301 0:48 / /mnt rw - tmpfs tmpfs rw\n"),
		/* Paths and options that no line for CRIU and no mount(2) should have. */
		"301 300 0:47 / /a\\040b rw - tmpfs tmpfs rw\n",
		"301 300 0:47 / /mnt] rw - tmpfs tmpfs rw\n",
		"301 300 0:47 / /mnt rw - tmpfs tmpfs rw,mpol=bind:0\n",
		"301 300 0:47 / /mnt rw - tmpfs tmpfs rw,size=\n",
		"301 300 0:47 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n",
		/* Not whole. */
		"301 300 0:47 /\n",
		"301 300 0:47 / /mnt rw - tmpfs\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		CLEANUP_TMPFS_MOUNTS struct tmpfs_mounts mounts = find(lines[i]);
		if (mounts.n)
			fail_msg("%s", lines[i]);
	}
}

static void none_where_mounts_propagate(void **state)
{
	CLEANUP_TMPFS_MOUNTS struct tmpfs_mounts mounts =
		find("301 300 0:47 / /mnt rw - tmpfs tmpfs rw\n"
		     "302 300 8:1 /x /x rw master:5 - ext4 /dev/sda1 rw\n"
		     "303 300 0:48 / /mnt2 rw - tmpfs tmpfs rw\n");

	(void)state;
	assert_int_equal(mounts.n, 0);
}

static void as_text_and_back(void **state)
{
	CLEANUP_TMPFS_MOUNTS struct tmpfs_mounts mounts =
		find("301 300 0:47 / /mnt rw - tmpfs tmpfs rw,size=4k\n");
	CLEANUP_TMPFS_MOUNTS struct tmpfs_mounts again = {0}, none = {0};
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	tmpfs_mounts_print(&mounts, &text);
	assert_int_equal(tmpfs_mounts_parse(&again, buf_str(&text)), 0);
	assert_int_equal(again.pid, 7);
	assert_int_equal(again.n, 1);
	assert_string_equal(again.v[0].path, "/mnt");
	assert_string_equal(again.v[0].options, "rw,size=4k");
	assert_true(again.v[0].device == mounts.v[0].device);
	assert_int_equal(tmpfs_mounts_parse(&none, ""), -1);
	assert_int_equal(tmpfs_mounts_parse(&none, "7\n1 rw /mnt\n"), -1);
	assert_int_equal(tmpfs_mounts_parse(&none, "7\n1 rw,x=y /mnt 5\n"), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_own),
		cmocka_unit_test(those_that_are_not),
		cmocka_unit_test(none_where_mounts_propagate),
		cmocka_unit_test(as_text_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
