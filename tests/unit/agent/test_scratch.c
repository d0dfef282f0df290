/* SPDX-License-Identifier: MIT */
/* The restore of a rehearsal, with a runc of the test's own that looks where it is. */
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
#define SHARE "/run/share"
#define NETNS "/run/netns-web"

/* What it does to files is for itself alone; RUN stays the host's. */
static void make_runc(const char *end)
{
	CLEANUP_FREE char *text =
		str_fmt("#!/bin/sh\nexec >" SEEN " 2>&1\necho \"$@\"\n"
			"net=$(stat -L -c %%i /proc/self/ns/net)\n"
			"[ $net = $(cat /run/outer) ] || echo other\n"
			"grep -c -w 192.0.2.7 /proc/self/net/fib_trie\n"
			"[ $net = $(stat -L -c %%i " NETNS ") ] && echo same\n"
			"cat " BUNDLE "/rootfs/old " SHARE "/old\n"
			"rm " BUNDLE "/rootfs/old; echo new >" SHARE "/old; : >" SHARE "/new\n"
			"%s\n",
			end);

	stub_program(BIN, "runc", text);
}

/* In a process of its own, whose namespaces change. */
static int ask_restore(const void *unused)
{
	(void)unused;
	CLEANUP_ASKED struct asked done =
		ASK("restore", WEB, "id=" ID, "op=rehearse", "netns=" NETNS, "ip=192.0.2.7",
		    "bind=" SHARE, "bind=/run/share/old");

	if (done.status)
		fputs(done.err, stderr);
	return done.status;
}

static char *seen(void)
{
	static char text[4096];
	FILE *f = fopen(SEEN, "re");

	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	return text;
}

static void out_of_reach(void **state)
{
	(void)state;
	prepare("rehearsal");
	make_runc("ln " RUN "/criu.conf " RUN "/restored; exit 1");
	assert_int_equal(end_of(child_of(ask_restore, NULL)), 0);
	const char *text = seen();
	assert_true(str_starts(text, "restore --detach --bundle " BUNDLE " "));
	assert_non_null(strstr(text, "\nother\n"));
	assert_null(strstr(text, "\n0\n")); /* the address */
	assert_non_null(strstr(text, "\nsame\nroot\nshared\n"));
	assert_int_equal(access(BUNDLE "/rootfs/old", F_OK), 0);
	assert_int_equal(access(SHARE "/new", F_OK), -1);
	assert_int_equal(system("grep -q -x shared " SHARE "/old"), 0);
	clean_up();
}

/* Without the gate's word the processes may have run. */
static void not_asked(void **state)
{
	static const char *const ends[] = {"exit 0", "exit 3"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		prepare("rehearsal");
		make_runc(ends[i]);
		assert_int_equal(end_of(child_of(ask_restore, NULL)), i ? 3 : 1);
		clean_up();
	}
}

static int set_up(void **state)
{
	(void)state;
	make_root();
	if (mkdir(BIN, 0700) < 0 || mkdir(SHARE, 0700) < 0 || mkdir(BUNDLE "/rootfs", 0700) < 0 ||
	    mkdir(IMAGES, 0700) < 0)
		return -1;
	own_run_write(BUNDLE "/config.json", "{\"root\":{\"path\":\"rootfs\"}}");
	own_run_write(BUNDLE "/rootfs/old", "root\n");
	own_run_write(SHARE "/old", "shared\n");
	own_run_write(NETNS, "");
	if (system("stat -L -c %i /proc/self/ns/net >/run/outer") != 0)
		return -1;
	stub_path_add(BIN);
	return mount("/proc/self/ns/net", NETNS, NULL, MS_BIND, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_of_reach),
		cmocka_unit_test(not_asked),
	};

	/* Only root gets a network namespace whose overlay it may mount. */
	if (geteuid() != 0)
		return puts("needs root") < 0;
	return cmocka_run_group_tests(tests, set_up, NULL);
}
