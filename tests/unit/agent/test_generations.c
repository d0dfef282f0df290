/* SPDX-License-Identifier: MIT */
/* Checkpoints beside a bundle: listed once they are whole, removed whole, unfinished ones swept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "asked.h"
#include "own_run.h"
#include "stub.h"

#define OLD "20260102T030405-00000001"
#define NEW "20260102T030405-00000002"
#define LIST "generations", "op=list", "container=web", NULL

static char *root;

static char *below(const char *path)
{
	return str_fmt("%s/web/%s", root, path);
}

static bool is_there(const char *path)
{
	CLEANUP_FREE char *file = below(path);
	struct stat st;

	return lstat(file, &st) == 0;
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

/* Writes what a dump would have written. */
static void write_hidden(const char *id)
{
	CLEANUP_FREE char *dir = str_fmt("checkpoints/.%s", id);
	CLEANUP_FREE char *image = str_fmt("%s/inventory.img", dir);

	make_dir(dir);
	put(image, "x");
}

static struct asked change(const char *op, const char *id, const char *input)
{
	CLEANUP_FREE char *op_word = str_fmt("op=%s", op), *id_word = str_fmt("id=%s", id);

	return ask(root, input, "generations", op_word, "container=web", id_word, NULL);
}

static int set_up(void **state)
{
	(void)state;
	root = stub_dir_make();
	make_dir("");
	make_dir("checkpoints");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stub_dir_remove(root);
	return 0;
}

static void none(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked empty = ask(root, NULL, LIST);
	assert_int_equal(empty.status, 0);
	assert_string_equal(empty.out ? empty.out : "", "");
	CLEANUP_FREE char *dir = below("checkpoints");
	assert_int_equal(rmdir(dir), 0);
	CLEANUP_ASKED struct asked absent = ask(root, NULL, LIST);
	assert_int_equal(absent.status, 0);
	assert_string_equal(absent.out ? absent.out : "", "");
}

static void whole_or_not_there(void **state)
{
	(void)state;
	write_hidden(OLD);
	CLEANUP_ASKED struct asked before = ask(root, NULL, LIST);
	assert_string_equal(before.out ? before.out : "", "");
	CLEANUP_ASKED struct asked kept = change("keep", OLD, "{\"id\": 1}");
	assert_int_equal(kept.status, 0);
	CLEANUP_ASKED struct asked after = ask(root, NULL, LIST);
	assert_string_equal(after.out, "generation=web " OLD " {\"id\": 1}\n");
	assert_true(is_there("checkpoints/" OLD "/inventory.img"));
	assert_false(is_there("checkpoints/." OLD));
	/* NFS may send it twice. */
	CLEANUP_ASKED struct asked again = change("keep", NEW, "{}");
	assert_int_equal(again.status, 1);
	/* A directory that somebody has made is none. */
	make_dir("checkpoints/" NEW);
	CLEANUP_ASKED struct asked same = ask(root, NULL, LIST);
	assert_string_equal(same.out, after.out);
}

/* Neither its end of lines nor anything after it becomes a line of ours. */
static void one_line_each(void **state)
{
	(void)state;
	write_hidden(OLD);
	put("checkpoints/." OLD "/generation.json", "");
	CLEANUP_ASKED struct asked kept = change("keep", OLD, "{}\ngeneration=db x {}\n");
	assert_int_equal(kept.status, 0);
	CLEANUP_ASKED struct asked list = ask(root, NULL, LIST);
	assert_string_equal(list.out, "generation=web " OLD " {}\n");
}

static void removed(void **state)
{
	(void)state;
	write_hidden(OLD);
	write_hidden(NEW);
	CLEANUP_ASKED struct asked first = change("keep", OLD, "{}");
	CLEANUP_ASKED struct asked second = change("keep", NEW, "{}");
	CLEANUP_ASKED struct asked gone = change("remove", OLD, NULL);
	assert_int_equal(first.status + second.status + gone.status, 0);
	assert_false(is_there("checkpoints/" OLD) || is_there("checkpoints/." OLD));
	CLEANUP_ASKED struct asked list = ask(root, NULL, LIST);
	assert_string_equal(list.out, "generation=web " NEW " {}\n");
	CLEANUP_ASKED struct asked again = change("remove", OLD, NULL);
	assert_int_equal(again.status, 0);
}

static void swept(void **state)
{
	(void)state;
	write_hidden(OLD);
	write_hidden(NEW);
	make_dir("checkpoints/.mine");
	CLEANUP_ASKED struct asked kept = change("keep", NEW, "{}");
	CLEANUP_ASKED struct asked done =
		ask(root, NULL, "generations", "op=sweep", "container=web", NULL);
	assert_int_equal(kept.status + done.status, 0);
	assert_false(is_there("checkpoints/." OLD));
	assert_true(is_there("checkpoints/" NEW) && is_there("checkpoints/.mine"));
}

/* A checkpoint begins by that: what was left of one that was killed takes room. */
static void swept_by_the_next(void **state)
{
	struct stat st;

	(void)state;
	write_hidden(OLD);
	CLEANUP_ASKED struct asked prepared = ask(root, NULL, "prepare", "container=web", "id=" NEW,
						  "images=new-" NEW, "role=ungated", NULL);
	assert_int_equal(prepared.status, 0);
	assert_false(is_there("checkpoints/." OLD));
	CLEANUP_FREE char *own = below("checkpoints/." NEW);
	assert_int_equal(stat(own, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	CLEANUP_ASKED struct asked cleaned =
		ask(root, NULL, "clean", "container=web", "id=" NEW, "images=new-" NEW, NULL);
	assert_int_equal(cleaned.status, 0);
	assert_false(is_there("checkpoints/." NEW));
}

/* BUNDLE/checkpoint has ended its container. */
static void beside_them(void **state)
{
	(void)state;
	make_dir("checkpoint");
	put("checkpoint/inventory.img", "x");
	CLEANUP_ASKED struct asked one = ask(root, NULL, LIST);
	assert_true(str_starts(one.out, "checkpoint=web 1"));
	CLEANUP_ASKED struct asked all = ask(root, NULL, "generations", "op=list", NULL);
	assert_string_equal(all.out, one.out);
}

static void refused(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked nameless = ask(root, NULL, "generations", "op=sweep", NULL);
	assert_int_equal(nameless.status, 1);
	CLEANUP_ASKED struct asked any = change("destroy", OLD, NULL);
	assert_int_equal(any.status, 1);
	CLEANUP_ASKED struct asked path = change("remove", "../../x", NULL);
	assert_int_equal(path.status, -1);
	CLEANUP_ASKED struct asked undescribed = change("keep", OLD, NULL);
	assert_int_equal(undescribed.status, 1);
	static const char *const images[] = {"images=at-..", "images=new-", "images=at-x",
					     "images=at-" OLD "/"};
	for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++) {
		CLEANUP_ASKED struct asked where =
			ask(root, NULL, "path", "op=bytes", "container=web", images[i], NULL);
		assert_int_equal(where.status, -1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(none),  TEST(whole_or_not_there), TEST(one_line_each), TEST(removed),
		TEST(swept), TEST(swept_by_the_next),  TEST(beside_them),   TEST(refused),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
