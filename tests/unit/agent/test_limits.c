/* SPDX-License-Identifier: MIT */
/* Limits read from one cgroup and set in another, of version 1 and 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agent/container/limits.h"
#include "agent/request/text_file.h"
#include "own_run.h"

#define AT "/sys/fs/cgroup/"
#define V1                                                                                         \
	"{\"cgroup_paths\":{\"memory\":\"" AT "memory/web\",\"cpu\":\"" AT                         \
	"cpu/web\",\"cpuset\":\"" AT "cpuset/web\",\"pids\":\"" AT "pids/web\"}}"
#define V2 "{\"cgroup_paths\":{\"\":\"" AT "web\"}}"

static struct runc_state v1, v2;

static void put(const char *file, const char *value)
{
	CLEANUP_FREE char *path = str_fmt(AT "%s", file);
	CLEANUP_FREE char *line = str_fmt("%s\n", value);

	own_run_write(path, line);
}

static void holds(const char *file, const char *value)
{
	CLEANUP_FREE char *path = str_fmt(AT "%s", file);
	CLEANUP_FREE char *text = text_file_read(path, 256, NULL);

	assert_non_null(text);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, value);
}

static void is_read(const struct runc_state *state, const char *wanted)
{
	CLEANUP_BUF struct buf text = {0};

	limits_read(state, NULL, &text);
	assert_string_equal(buf_str(&text), wanted);
}

/* The copy of a throttled container is to have what that had before. */
static void another_quota(void **state)
{
	CLEANUP_BUF struct buf first = {0}, second = {0};

	(void)state;
	put("cpu/web/cpu.cfs_quota_us", "20000");
	limits_read(&v1, "max", &first);
	assert_string_equal(buf_str(&first), "cpu.cfs_quota_us -1\n");
	put("web/cpu.max", "20000 50000");
	limits_read(&v2, "90000", &second);
	assert_string_equal(buf_str(&second), "cpu.max 90000 50000\n");
}

/* Returns the lines that could not be set. Owned by the caller. */
static char *set(const struct runc_state *state, const char *text)
{
	struct buf missed = {0};

	limits_set(state, text, &missed);
	buf_puts(&missed, "");
	return buf_steal(&missed);
}

static void version_1(void **state)
{
	(void)state;
	put("memory/web/memory.limit_in_bytes", "209715200");
	put("cpu/web/cpu.shares", "512");
	put("cpu/web/cpu.cfs_quota_us", "-1");
	put("pids/web/pids.max", "60");
	put("cpuset/cpuset.cpus", "0-3");
	put("cpuset/web/cpuset.cpus", "0-1");
	put("cpuset/cpuset.mems", "0");
	put("cpuset/web/cpuset.mems", "0");
	is_read(&v1, "memory.limit_in_bytes 209715200\ncpu.cfs_quota_us -1\ncpu.shares 512\n"
		     "pids.max 60\ncpuset.cpus 0-1\ncpuset.mems all\n");
	CLEANUP_FREE char *missed =
		set(&v1, "memory.limit_in_bytes 104857600\ncpu.cfs_quota_us 50000\n"
			 "cpu.shares 512\npids.max max\ncpuset.cpus all\ncpuset.mems all\n");
	assert_string_equal(missed, "");
	holds("memory/web/memory.limit_in_bytes", "104857600");
	holds("cpu/web/cpu.cfs_quota_us", "50000");
	holds("pids/web/pids.max", "max");
	holds("cpuset/web/cpuset.cpus", "0-3");
}

static void version_2(void **state)
{
	(void)state;
	put("web/memory.max", "max");
	put("web/cpu.max", "200000 100000");
	put("web/cpu.weight", "0");
	put("web/cpu.idle", "1");
	put("web/io.weight", "default 100\n8:0 200");
	put("web/cpuset.cpus", "");
	put("web/cpuset.cpus.effective", "0-3");
	is_read(&v2, "memory.max max\ncpu.max 200000 100000\ncpu.idle 1\nio.weight default 100\n"
		     "cpuset.cpus all\n");
	CLEANUP_FREE char *missed = set(&v2, "memory.max 104857600\ncpu.max max 100000\n"
					     "cpuset.cpus 2\n");
	assert_string_equal(missed, "");
	holds("web/memory.max", "104857600");
	holds("web/cpu.max", "max 100000");
	holds("web/cpuset.cpus", "2");
	CLEANUP_FREE char *all = set(&v2, "cpuset.cpus all\n");
	assert_string_equal(all, "");
	holds("web/cpuset.cpus", "");
}

/* A kernel that lacks a file has no such limit, which matters only if there was one. */
static void what_the_host_lacks(void **state)
{
	(void)state;
	CLEANUP_FREE char *missed =
		set(&v2, "memory.swap.max max\nmemory.low 0\ncpu.max.burst 0\n"
			 "memory.memsw.limit_in_bytes 9223372036854771712\nmemory.high 5\n"
			 "memory.memsw.limit_in_bytes 5\n");
	assert_string_equal(missed, "memory.high 5: No such file or directory\n"
				    "memory.memsw.limit_in_bytes 5: No such file or directory\n");
	CLEANUP_FREE char *nowhere = set(&(struct runc_state){0}, "pids.max 5\npids.max max\n");
	assert_string_equal(nowhere, "pids.max 5: No such file or directory\n");
}

/* The text lies on the shared directory. */
static void other_files_are_left_alone(void **state)
{
	(void)state;
	put("web/cgroup.freeze", "0");
	put("web/pids.max", "7");
	CLEANUP_FREE char *missed =
		set(&v2, "cgroup.freeze 1\n../pids.max 9\npids.max\npids.max \npids.max 9;8\n"
			 "pids.maxi 9\npids.max 9\t\n/web/pids.max 9\n\n");
	assert_string_equal(missed, "");
	holds("web/cgroup.freeze", "0");
	holds("web/pids.max", "7");
}

static int set_up(void **state)
{
	(void)state;
	own_run_enter();
	v1 = (struct runc_state){.text = (char *)(uintptr_t)V1, .len = sizeof(V1) - 1};
	v2 = (struct runc_state){.text = (char *)(uintptr_t)V2, .len = sizeof(V2) - 1};
	return system("cd " AT " && mkdir -p memory/web cpu/web cpuset/web pids/web web");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_quota),
		cmocka_unit_test(version_1),
		cmocka_unit_test(version_2),
		cmocka_unit_test(what_the_host_lacks),
		cmocka_unit_test(other_files_are_left_alone),
	};

	return cmocka_run_group_tests_name("limits", tests, set_up, NULL);
}
