/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "asked.h"
#include "own_session.h"

#define ID "20251121T233320-0badcafe"
#define ROOT "/run/bundles"
#define IMAGES ROOT "/web/.cmigrate/images-" ID
#define PAGES WEB_RUN "/pages"

static struct asked gather(const char *count)
{
	return ask(ROOT, NULL, "gather", "container=web", "id=" ID, count, NULL);
}

static bool has(const char *files)
{
	CLEANUP_FREE char *command = str_fmt(
		"test \"$(cd " PAGES " && find . -type f | sort | tr -d '\\n')\" = '%s'", files);
	return system(command) == 0;
}

static int fresh(void **state)
{
	(void)state;
	own_web_run();
	return system("mkdir -p " IMAGES "/tmpfs.img.d " PAGES " && cd " IMAGES
		      " && echo a >a.img && echo b >b.img && echo d >descriptors.json && "
		      "echo x >hidden");
}

static int remove_all(void **state)
{
	(void)state;
	return system("rm -rf " ROOT " " WEB_RUN);
}

static void only_if_all_are_visible(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none = gather("count=0");
	assert_int_equal(none.status, 0);
	assert_true(has("./descriptors.json"));
	CLEANUP_ASKED struct asked three = gather("count=3");
	assert_int_equal(three.status, 1);
	assert_string_equal(three.err, "not all images of the dump are in '" IMAGES "'\n");
	assert_true(has("./descriptors.json"));
	CLEANUP_ASKED struct asked one = gather("count=1");
	assert_int_equal(one.status, 1);
	CLEANUP_ASKED struct asked two = gather("count=2");
	assert_int_equal(two.status, 0);
	assert_true(has("./a.img./b.img./descriptors.json"));
	assert_int_equal(system("cmp " IMAGES "/b.img " PAGES "/b.img"), 0);
	/* Nothing is left there, and nothing has changed. */
	assert_int_equal(system("test \"$(ls " IMAGES " | tr -d '\\n')\" = "
				"a.imgb.imgdescriptors.jsonhiddentmpfs.img.d"),
			 0);
}

static void without_a_count(void **state)
{
	(void)state;
	own_run_write(PAGES "/a.img", "an older and longer one\n");
	CLEANUP_ASKED struct asked all = gather(NULL);
	assert_int_equal(all.status, 0);
	assert_true(has("./a.img./b.img./descriptors.json"));
	assert_int_equal(system("cmp " IMAGES "/a.img " PAGES "/a.img"), 0);
	assert_int_equal(system("rm " IMAGES "/*.img"), 0);
	CLEANUP_ASKED struct asked none = gather(NULL);
	assert_int_equal(none.status, 1);
}

static void the_reason_is_told(void **state)
{
	(void)state;
	assert_int_equal(system("rm " IMAGES "/descriptors.json"), 0);
	CLEANUP_ASKED struct asked descriptors = gather("count=2");
	assert_int_equal(descriptors.status, 1);
	assert_string_equal(descriptors.err, "'descriptors.json': No such file or directory\n");
	assert_int_equal(system("rm -r " PAGES), 0);
	CLEANUP_ASKED struct asked pages = gather("count=2");
	assert_int_equal(pages.status, 1);
	assert_string_equal(pages.err, "'" PAGES "': No such file or directory\n");
}

static void no_room(void **state)
{
	(void)state;
	assert_int_equal(mount("small", PAGES, "tmpfs", 0, "size=64k"), 0);
	assert_int_equal(system("head -c 200000 /dev/zero >" IMAGES "/a.img"), 0);
	CLEANUP_ASKED struct asked full = gather("count=2");
	assert_int_equal(umount(PAGES), 0);
	assert_int_equal(full.status, 1);
	assert_string_equal(full.err, "'a.img': No space left on device\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(only_if_all_are_visible),
		TEST(without_a_count),
		TEST(the_reason_is_told),
		TEST(no_room),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
