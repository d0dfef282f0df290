/* SPDX-License-Identifier: MIT */
/* The quota of processor time, with the files of cgroups of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "gate_child.h"

#define V1 "/sys/fs/cgroup/cpu/web"
#define V1_USAGE "/sys/fs/cgroup/cpuacct/web"
#define V2 "/sys/fs/cgroup/web"

static void make_container(const char *paths)
{
	CLEANUP_FREE char *text =
		str_fmt("{\"id\":\"web\",\"init_process_pid\":%d,\"init_process_start\":1,"
			"\"cgroup_paths\":{%s}}",
			(int)getpid(), paths);

	own_run_write("/run/runc/web/state.json", text);
}

static void is(const char *path, const char *wanted)
{
	char text[64] = "";
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	assert_string_equal(text, wanted);
}

static void looks(const char *wanted)
{
	CLEANUP_ASKED struct asked done = ASK("quota", WEB, "op=look");

	if (done.status != 0)
		fail_msg("%s", done.err);
	assert_string_equal(done.out, wanted);
}

static void sets(const char *quota)
{
	CLEANUP_FREE char *word = str_fmt("quota=%s", quota);
	CLEANUP_ASKED struct asked done = ASK("quota", WEB, "op=set", word);

	if (done.status != 0)
		fail_msg("%s", done.err);
}

static void version_1(void **state)
{
	(void)state;
	make_container("\"cpu\":\"" V1 "\",\"cpuacct\":\"" V1_USAGE "\"");
	own_run_write(V1 "/cpu.cfs_quota_us", "-1\n");
	own_run_write(V1 "/cpu.cfs_period_us", "100000\n");
	own_run_write(V1_USAGE "/cpuacct.usage", "7123456\n");
	looks("max 100000 7123\n");
	own_run_write(V1 "/cpu.cfs_quota_us", "");
	sets("50000");
	is(V1 "/cpu.cfs_quota_us", "50000");
	looks("50000 100000 7123\n");
	own_run_write(V1 "/cpu.cfs_quota_us", "");
	sets("max");
	is(V1 "/cpu.cfs_quota_us", "-1");
}

static void version_2(void **state)
{
	(void)state;
	make_container("\"\":\"" V2 "\"");
	own_run_write(V2 "/cpu.max", "max 50000\n");
	own_run_write(V2 "/cpu.stat", "usage_usec 99\nuser_usec 90\n");
	looks("max 50000 99\n");
	own_run_write(V2 "/cpu.max", "");
	sets("25000");
	is(V2 "/cpu.max", "25000");
}

static void what_there_is_not(void **state)
{
	(void)state;
	make_container("\"freezer\":\"/sys/fs/cgroup/freezer/web\"");
	CLEANUP_ASKED struct asked look = ASK("quota", WEB, "op=look");
	assert_int_equal(look.status, 1);
	/* It has ended. */
	assert_int_equal(unlink("/run/runc/web/state.json"), 0);
	sets("max");
	CLEANUP_ASKED struct asked bad = ASK("quota", WEB, "op=set", "quota=-1");
	assert_int_equal(bad.status, -1);
	CLEANUP_ASKED struct asked none = ASK("quota", WEB, "op=set");
	assert_int_equal(none.status, 1);
}

static int set_up(void **state)
{
	static const char *const dirs[] = {
		"/sys/fs/cgroup/cpu", V1, "/sys/fs/cgroup/cpuacct", V1_USAGE, V2, "/run/runc/web"};

	(void)state;
	make_root();
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (mkdir(dirs[i], 0700) < 0)
			return -1;
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1),
		cmocka_unit_test(version_2),
		cmocka_unit_test(what_there_is_not),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
