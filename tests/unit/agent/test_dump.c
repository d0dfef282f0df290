/* SPDX-License-Identifier: MIT */
/* The command line, environment and limits of a dump and a pass, with a runc of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <sys/resource.h>

#include "agent/dump/hidden_mounts.h"
#include "agent/request/session.h"
#include "cmigrate/base/deadline.h"
#include "gate_child.h"
#include "slowness.h"
#include "stub.h"

#define BIN "/run/bin"
#define SEEN "/run/seen"

/* It says how it was called, and does more. */
static void make_runc(const char *more)
{
	CLEANUP_FREE char *text =
		str_fmt("#!/bin/sh\n"
			"echo \"$CRIU_CONFIG_FILE\" $(ulimit -n) \"$@\" >" SEEN "\n"
			"%s\n",
			more);

	stub_program(BIN, "runc", text);
}

static char *read_all(const char *path)
{
	CLEANUP_BUF struct buf text = {0};
	FILE *f = fopen(path, "re");
	int c;

	assert_non_null(f);
	while ((c = fgetc(f)) != EOF) {
		char byte = (char)c;
		buf_add(&text, &byte, 1);
	}
	(void)fclose(f);
	return buf_steal(&text);
}

static void expect_call(const char *arguments)
{
	struct rlimit files;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	CLEANUP_FREE char *seen = read_all(SEEN);
	CLEANUP_FREE char *wanted = str_fmt(RUN "/criu.conf %llu checkpoint %s web\n",
					    (unsigned long long)files.rlim_max, arguments);
	assert_string_equal(seen, wanted);
}

static void dumps(void **state)
{
	(void)state;
	make_runc("echo told; echo said >&2; exit 3");
	prepare("source");
	own_run_write(RUN "/in-pass", "");
	CLEANUP_ASKED struct asked plain = ASK("dump", WEB, "id=" ID);
	assert_int_equal(plain.status, 3);
	expect_call("--image-path " IMAGES " --work-path " RUN);
	CLEANUP_FREE char *log = read_all(RUN "/dump.out");
	assert_string_equal(log, "told\nsaid\n");
	assert_int_equal(access(IMAGES "/hidden", F_OK), 0);
	assert_int_equal(access(IMAGES "/limits", F_OK), 0);
	/* Left by a pass whose agent has ended. */
	assert_int_not_equal(access(RUN "/in-pass", F_OK), 0);
	make_runc("");
	CLEANUP_ASKED struct asked full =
		ASK("dump", WEB, "id=" ID, "flag=tcp-established", "flag=lazy-pages", "parent=3",
		    "server=192.0.2.1", "port=27001");
	assert_int_equal(full.status, 0);
	expect_call("--image-path " IMAGES " --work-path " RUN
		    " --tcp-established --lazy-pages --parent-path=pass-3 --page-server "
		    "192.0.2.1:27001");
	clean_up();
}

static void refuses(void **state)
{
	(void)state;
	prepare("source");
	(void)unlink(SEEN);
	CLEANUP_ASKED struct asked flag = ASK("dump", WEB, "id=" ID, "flag=leave-running");
	assert_int_equal(flag.status, 1);
	CLEANUP_ASKED struct asked port = ASK("dump", WEB, "id=" ID, "server=192.0.2.1", "port=0");
	assert_int_equal(port.status, -1);
	assert_int_not_equal(access(SEEN, F_OK), 0);
	clean_up();
}

static void passes(void **state)
{
	(void)state;
	make_runc("test -e " RUN "/in-pass || exit 9\n"
		  "mkdir " IMAGES "/pass-2\n"
		  "printf 12345 >" IMAGES "/pass-2/pages-1.img\n"
		  "printf 123 >" IMAGES "/pass-2/pages-2.img\n"
		  "printf 1 >" IMAGES "/pass-2/core-1.img");
	prepare("source");
	CLEANUP_ASKED struct asked done = ASK("pass", WEB, "id=" ID, "pass=2");
	assert_int_equal(done.status, 0);
	assert_string_equal(done.out, "8\n");
	expect_call("--pre-dump --image-path " IMAGES "/pass-2 --work-path " RUN
		    " --parent-path ../pass-1");
	assert_int_not_equal(access(RUN "/in-pass", F_OK), 0);
	make_runc("printf 'a\\nb\\nc\\nd\\n'; exit 1");
	CLEANUP_ASKED struct asked failed =
		ASK("pass", WEB, "id=" ID, "pass=1", "server=192.0.2.1", "port=27001");
	assert_int_equal(failed.status, 1);
	assert_string_equal(failed.err, "b\nc\nd\n");
	expect_call("--pre-dump --image-path " IMAGES "/pass-1 --work-path " RUN
		    " --page-server 192.0.2.1:27001");
	CLEANUP_ASKED struct asked v6 =
		ASK("pass", WEB, "id=" ID, "pass=1", "server=fd00::1", "port=27001");
	assert_int_equal(v6.status, 1);
	expect_call("--pre-dump --image-path " IMAGES "/pass-1 --work-path " RUN
		    " --page-server [fd00::1]:27001");
	clean_up();
}

/* A request that is over ends neither: CRIU may be inside of the processes. */
static void goes_on(void **state)
{
	static const char *const verbs[] = {"dump", "pass"};

	(void)state;
	make_runc("while [ ! -e /run/enough ]; do sleep 0.01; done; : >/run/ended");
	for (int i = 0; i < 2; i++) {
		struct request req = {.root = ROOT, .wake = eventfd(0, EFD_CLOEXEC)};
		prepare("source");
		argv_addl(&req.words, verbs[i], WEB, "id=" ID, i ? "pass=1" : NULL, NULL);
		req.deadline = deadline_in_ms(scaled_ms(500));
		assert_int_equal(verb_find(verbs[i])->serve(&req), 1);
		assert_int_equal(access(RUN "/in-pass", F_OK) == 0, i == 1);
		assert_true(session_lives(RUN "/dump.session"));
		own_run_write("/run/enough", "");
		while (access("/run/ended", F_OK) != 0 || session_lives(RUN "/dump.session"))
			(void)usleep(1000);
		(void)close(req.wake);
		buf_clear(&req.err);
		argv_clear(&req.words);
		assert_int_equal(unlink("/run/enough") || unlink("/run/ended"), 0);
		clean_up();
	}
}

static void hidden(void **state)
{
	CLEANUP_BUF struct buf found = {0};

	(void)state;
	hidden_mounts("10 5 0:1 / / rw - ext4 x rw\n"
		      "11 10 0:2 / /dev rw - tmpfs tmpfs rw\n"
		      "12 11 0:3 / /dev/pts rw - devpts devpts rw\n"
		      "13 11 0:4 / /dev/a\\040b rw - tmpfs tmpfs rw\n"
		      "14 12 0:5 / /dev/pts/x-1 rw - tmpfs tmpfs rw\n"
		      "15 99 0:6 / /lost rw - tmpfs tmpfs rw\n"
		      "broken\n",
		      "/runc/web/rootfs", &found);
	assert_string_equal(buf_str(&found), "/runc/web/rootfs/dev/pts\n"
					     "/runc/web/rootfs/dev/pts/x-1\n");
	buf_clear(&found);
	hidden_mounts("", "/x", &found);
	assert_string_equal(buf_str(&found), "");
}

static int set_up(void **state)
{
	struct rlimit files;

	(void)state;
	make_root();
	stub_path_add(BIN);
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return -1;
	files.rlim_cur = 256;
	return mkdir(BIN, 0700) || setrlimit(RLIMIT_NOFILE, &files);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(dumps),   cmocka_unit_test(refuses), cmocka_unit_test(passes),
		cmocka_unit_test(goes_on), cmocka_unit_test(hidden),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
