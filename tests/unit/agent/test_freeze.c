/* SPDX-License-Identifier: MIT */
/* Freezing, thawing and going on, with the files of a cgroup and a runc of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "gate_child.h"
#include "stub.h"

#define BIN "/run/bin"
#define SEEN "/run/seen"
#define V1 "/sys/fs/cgroup/freezer/web"
#define V2 "/sys/fs/cgroup/web"

static pid_t init;

static int idle(const void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++)
		(void)pause();
	return 0;
}

/* paths: its cgroups, as runc's file has them. */
static void make_container(const char *paths)
{
	struct process p;

	init = child_of(idle, NULL);
	assert_true(process_read(init, &p));
	CLEANUP_FREE char *text =
		str_fmt("{\"id\":\"web\",\"init_process_pid\":%d,\"init_process_start\":%llu,"
			"\"cgroup_paths\":{%s}}",
			(int)init, p.start, paths);
	own_run_write("/run/runc/web/state.json", text);
	own_run_write(V1 "/freezer.state", "THAWED\n");
	own_run_write(V2 "/cgroup.freeze", "0\n");
	own_run_write(V2 "/cgroup.events", "populated 1\nfrozen 0\n");
	(void)unlink(SEEN);
}

static void end_container(void)
{
	(void)kill(init, SIGKILL);
	(void)end_of(init);
	assert_int_equal(unlink("/run/runc/web/state.json"), 0);
}

static void expect_file(const char *path, const char *text)
{
	char word[256] = "";
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_non_null(fgets(word, sizeof(word), f));
	(void)fclose(f);
	assert_string_equal(str_trim(word), text);
}

static void make_runc(const char *does)
{
	CLEANUP_FREE char *text = str_fmt("#!/bin/sh\necho \"$@\" >>" SEEN "\n%s\n", does);

	stub_program(BIN, "runc", text);
}

static int verb(const char *name)
{
	CLEANUP_ASKED struct asked done = ASK(name, WEB);

	return done.status;
}

/* Both versions, there and back, and no runc. */
static void by_its_file(void **state)
{
	(void)state;
	make_runc("exit 1");
	make_container("\"freezer\":\"" V1 "\"");
	assert_int_equal(verb("freeze"), 0);
	expect_file(V1 "/freezer.state", "FROZEN");
	assert_int_equal(verb("thaw"), 0);
	expect_file(V1 "/freezer.state", "THAWED");
	end_container();
	make_container("\"\":\"" V2 "\"");
	own_run_write(V2 "/cgroup.events", "populated 1\nfrozen 1\n");
	assert_int_equal(verb("freeze"), 0);
	expect_file(V2 "/cgroup.freeze", "1");
	assert_int_equal(verb("loosen"), 0);
	expect_file(V2 "/cgroup.freeze", "0");
	assert_int_not_equal(access(SEEN, F_OK), 0);
	end_container();
}

/* It is thawed before runc is asked, which refuses one that is frozen. */
static void never_frozen(void **state)
{
	(void)state;
	make_runc("[ \"$(cat " V2 "/cgroup.freeze)\" = 0 ]");
	make_container("\"\":\"" V2 "\"");
	assert_int_equal(verb("freeze"), 0);
	expect_file(SEEN, "pause web");
	make_runc("echo 'can not freeze' >&2; exit 1");
	CLEANUP_ASKED struct asked failed = ASK("freeze", WEB);
	assert_int_equal(failed.status, 1);
	assert_string_equal(failed.err, "runc pause: can not freeze\n");
	/* It has frozen meanwhile. */
	make_runc("echo 'frozen 1' >" V2 "/cgroup.events; exit 1");
	assert_int_equal(verb("freeze"), 0);
	end_container();
}

static void without_a_file(void **state)
{
	(void)state;
	make_runc("exit 0");
	make_container("\"freezer\":\"/sys/fs/cgroup/freezer/none\"");
	assert_int_equal(verb("freeze"), 0);
	expect_file(SEEN, "pause web");
	assert_int_equal(verb("loosen"), 0);
	end_container();
}

/* runc's word for it after the thaw counts. */
static void not_thawed(void **state)
{
	(void)state;
	make_runc("echo 1 >" V2 "/cgroup.freeze");
	make_container("\"\":\"" V2 "\"");
	own_run_write(V2 "/cgroup.events", "populated 1\nfrozen 1\n");
	own_run_write(V2 "/cgroup.freeze", "1\n");
	CLEANUP_ASKED struct asked stays = ASK("thaw", WEB);
	assert_int_equal(stays.status, 1);
	assert_string_equal(stays.err, "container 'web' is paused\n");
	expect_file(SEEN, "resume web");
	end_container();
	CLEANUP_ASKED struct asked gone = ASK("thaw", WEB);
	assert_int_equal(gone.status, 1);
	assert_string_equal(gone.err, "container 'web' is not there\n");
}

static void goes_on(void **state)
{
	(void)state;
	prepare("source");
	CLEANUP_ASKED struct asked none = ASK("going-on", WEB);
	assert_int_equal(none.status, 0);
	assert_string_equal(none.out, "");
	assert_int_equal(verb("went-on"), 1);
	make_container("\"freezer\":\"" V1 "\"");
	for (int i = 0; i < 2; i++) {
		CLEANUP_ASKED struct asked runs = ASK("going-on", WEB);
		assert_int_equal(runs.status, 0);
		assert_string_equal(runs.out, "goes on\n");
		assert_int_equal(verb("went-on"), 0);
	}
	clean_up();
	/* One that has no images is thawed as well. */
	CLEANUP_ASKED struct asked alone = ASK("going-on", WEB);
	assert_string_equal(alone.out, "goes on\n");
	/* Killed, and not yet gone. */
	prepare("source");
	assert_int_equal(kill(init, SIGKILL), 0);
	while (!process_has_ended(init))
		(void)usleep(1000);
	CLEANUP_ASKED struct asked dead = ASK("going-on", WEB);
	assert_int_equal(dead.status, 0);
	assert_string_equal(dead.out, "");
	assert_int_equal(verb("went-on"), 1);
	clean_up();
	end_container();
}

static int set_up(void **state)
{
	(void)state;
	make_root();
	stub_path_add(BIN);
	return mkdir(BIN, 0700) || mkdir("/sys/fs/cgroup/freezer", 0700) || mkdir(V1, 0700) ||
	       mkdir(V2, 0700) || mkdir("/run/runc/web", 0700);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_its_file),	  cmocka_unit_test(never_frozen),
		cmocka_unit_test(without_a_file), cmocka_unit_test(not_thawed),
		cmocka_unit_test(goes_on),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
