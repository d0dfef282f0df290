/* SPDX-License-Identifier: MIT */
/* What "clean" removes, and what it does not: behind links, on other file systems, of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "gate_child.h"

#define ROOTFS BUNDLE "/rootfs"

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void make_dir(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void mount_at(const char *path)
{
	make_dir(path);
	assert_int_equal(mount("left", path, "tmpfs", 0, NULL), 0);
}

static int clean(const char *images, const char *keep)
{
	CLEANUP_ASKED struct asked done = ASK("clean", WEB, "id=" ID, images, keep);

	return done.status;
}

static void all_of_it(void **state)
{
	(void)state;
	prepare("source");
	make_dir(IMAGES "/pass-1");
	own_run_write(IMAGES "/pass-1/pages-1.img", "x");
	clean_up();
	/* The directory above goes when nothing is in it. */
	assert_false(exists("/run/cmigrate"));
	assert_true(exists(BUNDLE "/.cmigrate"));
	clean_up();
	prepare("source");
	make_dir("/run/cmigrate/other");
	clean_up();
	assert_true(exists("/run/cmigrate/other"));
	assert_int_equal(rmdir("/run/cmigrate/other"), 0);
}

static void images_stay(void **state)
{
	(void)state;
	prepare("source");
	assert_int_equal(clean(NULL, NULL), 0);
	assert_true(exists(IMAGES) && !exists(RUN));
	clean_up();
}

static void checkpoint(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked made =
		ASK("prepare", WEB, "id=" ID, "images=checkpoint", "role=ungated");
	assert_int_equal(made.status, 0);
	assert_true(exists(BUNDLE "/checkpoint"));
	assert_int_equal(clean("images=checkpoint", NULL), 0);
	assert_false(exists(BUNDLE "/checkpoint"));
}

static void links(void **state)
{
	(void)state;
	prepare("source");
	make_dir(ROOTFS);
	own_run_write(ROOTFS "/kept", "x");
	assert_int_equal(symlink(ROOTFS, RUN "/link"), 0);
	assert_int_equal(symlink(ROOTFS, IMAGES "/link"), 0);
	clean_up();
	assert_true(exists(ROOTFS "/kept"));
	assert_int_equal(unlink(ROOTFS "/kept"), 0);
	assert_int_equal(rmdir(ROOTFS), 0);
}

/* A CRIU that crashed leaves such mounts. */
static void mounts(void **state)
{
	(void)state;
	prepare("source");
	mount_at(RUN "/cgyard");
	mount_at(RUN "/cgyard/memory");
	clean_up();
}

/* What is mounted in the images is somebody else's. */
static void other_file_system(void **state)
{
	(void)state;
	prepare("source");
	mount_at(IMAGES "/mnt");
	own_run_write(IMAGES "/mnt/kept", "x");
	own_run_write(IMAGES "/core-1.img", "x");
	CLEANUP_ASKED struct asked done = ASK("clean", WEB, "id=" ID, "images=move");
	assert_int_equal(done.status, 1);
	assert_non_null(strstr(done.err, IMAGES));
	assert_true(exists(IMAGES "/mnt/kept") && !exists(IMAGES "/core-1.img") && !exists(RUN));
	assert_int_equal(umount(IMAGES "/mnt"), 0);
	clean_up();
}

/* What runc made for a restore goes where nothing is in it. */
static void made(void **state)
{
	(void)state;
	prepare("source");
	make_dir(ROOTFS);
	make_dir(ROOTFS "/a");
	make_dir(ROOTFS "/a/b");
	make_dir(ROOTFS "/full");
	own_run_write(ROOTFS "/full/x", "");
	own_run_write(ROOTFS "/empty", "");
	own_run_write(ROOTFS "/text", "x");
	own_run_write(RUN "/made", ROOTFS "/a/b\n" ROOTFS "/a\n" ROOTFS "/full\n");
	own_run_write(IMAGES "/made", ROOTFS "/empty\n" ROOTFS "/text\n" ROOTFS "/none\n");
	clean_up();
	assert_false(exists(ROOTFS "/a") || exists(ROOTFS "/empty"));
	assert_true(exists(ROOTFS "/full/x") && exists(ROOTFS "/text"));
	assert_int_equal(unlink(ROOTFS "/full/x") || unlink(ROOTFS "/text"), 0);
	assert_int_equal(rmdir(ROOTFS "/full") || rmdir(ROOTFS), 0);
}

/* All but the memory that was received, for a restore that is tried anew. */
/* A container may make a link in its root to a place of the host. */
static void made_behind_a_link(void **state)
{
	(void)state;
	prepare("source");
	make_dir(ROOTFS);
	make_dir("/run/outside");
	make_dir("/run/outside/dir");
	own_run_write("/run/outside/file", "");
	assert_int_equal(symlink("/run/outside", ROOTFS "/link"), 0);
	own_run_write(RUN "/made",
		      ROOTFS "/link/dir\n" ROOTFS "/link/file\n" ROOTFS "/../../../outside/dir\n");
	clean_up();
	assert_true(exists("/run/outside/dir") && exists("/run/outside/file"));
	assert_int_equal(system("rm -rf /run/outside " ROOTFS), 0);
}

static void keeps_pages(void **state)
{
	(void)state;
	prepare("receiver");
	make_dir(RUN "/pages");
	own_run_write(RUN "/pages/pages-1.img", "x");
	own_run_write(RUN "/restore.log", "x");
	assert_int_equal(clean("keep=yes", NULL), 0);
	assert_true(exists(RUN "/pages/pages-1.img"));
	assert_false(exists(RUN "/restore.log") || exists(RUN "/criu.conf"));
	/* Only then another one may begin there. */
	prepare("receiver");
	assert_true(exists(RUN "/criu.conf") && exists(RUN "/listens"));
	CLEANUP_ASKED struct asked taken = ASK("prepare", WEB, "id=" ID, "role=receiver");
	assert_int_equal(taken.status, 17);
	assert_int_equal(clean(NULL, NULL), 0);
	assert_false(exists(RUN));
	/* Without such memory all goes. */
	prepare("destination");
	assert_int_equal(clean("keep=yes", NULL), 0);
	assert_false(exists(RUN));
}

static void taken(void **state)
{
	(void)state;
	prepare("source");
	own_run_write(RUN "/dump.log", "x");
	CLEANUP_ASKED struct asked second = ASK("prepare", WEB, "id=" ID, "role=source");
	assert_int_equal(second.status, 17);
	assert_true(exists(RUN "/dump.log"));
	clean_up();
}

/* Lines of criu(8), of a closed list. */
static void configuration(void **state)
{
	char text[256] = "";

	(void)state;
	CLEANUP_ASKED struct asked refused =
		ASK("prepare", WEB, "id=" ID, "role=source", "flag=exec-cmd");
	assert_int_equal(refused.status, 1);
	assert_false(exists(RUN));
	CLEANUP_ASKED struct asked role = ASK("prepare", WEB, "id=" ID, "role=spectator");
	assert_int_equal(role.status, 1);
	CLEANUP_ASKED struct asked done =
		ASK("prepare", WEB, "id=" ID, "role=source", "flag=network-lock-skip",
		    "flag=skip-in-flight", "ghost-limit=4096", "server=fd00::1");
	assert_int_equal(done.status, 0);
	FILE *f = fopen(RUN "/criu.conf", "re");
	assert_non_null(f);
	assert_int_not_equal(fread(text, 1, sizeof(text) - 1, f), 0);
	(void)fclose(f);
	assert_string_equal(text, "network-lock skip\nskip-in-flight\nghost-limit 4096\n"
				  "address fd00::1\n"
				  "action-script \"" RUN "/gate\"\n");
	clean_up();
}

static int set_up(void **state)
{
	(void)state;
	make_root();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it),	 cmocka_unit_test(images_stay),
		cmocka_unit_test(checkpoint),	 cmocka_unit_test(links),
		cmocka_unit_test(mounts),	 cmocka_unit_test(other_file_system),
		cmocka_unit_test(made),		 cmocka_unit_test(made_behind_a_link),
		cmocka_unit_test(keeps_pages),	 cmocka_unit_test(taken),
		cmocka_unit_test(configuration),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
