/* SPDX-License-Identifier: MIT */
/* Cgroups as files, in a mount namespace of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agent/container/cgroup.h"
#include "own_run.h"

#define V1 "/sys/fs/cgroup/freezer/web"
#define V2 "/sys/fs/cgroup/system.slice/web.scope"

static struct runc_state state_of(char *text)
{
	return (struct runc_state){.text = text, .len = text ? strlen(text) : 0};
}

static void paths(void **state)
{
	static const struct {
		const char *text, *freezer;
	} rows[] = {
		{"{\"cgroup_paths\":{\"freezer\":\"" V1 "\",\"pids\":\"/x\"}}",
		 V1 "/freezer.state"},
		{"{\"cgroup_paths\":{\"\":\"" V2 "\"}}", V2 "/cgroup.freeze"},
		{"{\"cgroup_paths\":{\"freezer\":\"/run\"}}", NULL},
		{"{\"cgroup_paths\":{\"freezer\":\"/sys/fs/cgroup/gone\"}}", NULL},
		{"{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/../../../run\"}}", NULL},
		{"{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/a\\nb\"}}", NULL},
		{"{\"cgroup_paths\":{\"freezer\":7}}", NULL},
		{"[]", NULL},
		{"{\"cgroup_paths\":", NULL},
		{"", NULL},
		{NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_FREE char *text = str_dup(rows[i].text);
		struct runc_state runc = state_of(text);
		CLEANUP_FREE char *found = cgroup_freezer(&runc);
		assert_int_equal(!!found, !!rows[i].freezer);
		if (found)
			assert_string_equal(found, rows[i].freezer);
	}
}

static void controllers(void **state)
{
	char v1[] = "{\"cgroup_paths\":{\"freezer\":\"" V1 "\",\"memory\":\"/gone\"}}";
	char v2[] = "{\"cgroup_paths\":{\"\":\"" V2 "\"}}";
	struct runc_state first = state_of(v1), second = state_of(v2);

	(void)state;
	CLEANUP_FREE char *freezer = cgroup_dir(&first, "freezer");
	assert_string_equal(freezer, V1);
	assert_null(cgroup_dir(&first, "memory"));
	CLEANUP_FREE char *memory = cgroup_dir(&second, "memory");
	assert_string_equal(memory, V2);
}

static void text_is(const char *path, const char *text)
{
	char found[64] = "";
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	(void)!fread(found, 1, sizeof(found) - 1, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(strncmp(found, text, strlen(text)), 0);
}

static void freezing(void **state)
{
	(void)state;
	own_run_write(V1 "/freezer.state", "FREEZING\n");
	assert_false(cgroup_is_frozen(V1 "/freezer.state"));
	assert_int_equal(cgroup_set_frozen(V1 "/freezer.state", true), 0);
	text_is(V1 "/freezer.state", "FROZEN");
	own_run_write(V1 "/freezer.state", "FROZEN\n");
	assert_true(cgroup_is_frozen(V1 "/freezer.state"));
	assert_int_equal(cgroup_set_frozen(V1 "/freezer.state", false), 0);
	text_is(V1 "/freezer.state", "THAWED");
	/* Version 2 has what is asked for and what is in two files. */
	own_run_write(V2 "/cgroup.freeze", "0\n");
	own_run_write(V2 "/cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(cgroup_set_frozen(V2 "/cgroup.freeze", true), 0);
	text_is(V2 "/cgroup.freeze", "1");
	assert_false(cgroup_is_frozen(V2 "/cgroup.freeze"));
	own_run_write(V2 "/cgroup.events", "populated 1\nfrozen 1\n");
	assert_true(cgroup_is_frozen(V2 "/cgroup.freeze"));
	assert_int_equal(cgroup_set_frozen(V2 "/cgroup.freeze", false), 0);
	text_is(V2 "/cgroup.freeze", "0");
	assert_false(cgroup_is_frozen("/sys/fs/cgroup/gone/freezer.state"));
	assert_int_equal(cgroup_set_frozen("/sys/fs/cgroup/gone/freezer.state", true), -1);
}

static void tasks(void **state)
{
	CLEANUP_PIDS struct pids v1 = {0};
	CLEANUP_PIDS struct pids v2 = {0};

	(void)state;
	assert_int_equal(mkdir(V1 "/a", 0700) + mkdir(V1 "/a/b", 0700), 0);
	own_run_write(V1 "/tasks", "10\n11\n");
	own_run_write(V1 "/a/tasks", "");
	own_run_write(V1 "/a/b/tasks", "12\n");
	own_run_write(V2 "/cgroup.threads", "20\n");
	cgroup_tasks(V1 "/freezer.state", &v1);
	assert_int_equal(v1.n, 3);
	assert_true(pids_has(&v1, 10) && pids_has(&v1, 11) && pids_has(&v1, 12));
	cgroup_tasks(V2 "/cgroup.freeze", &v2);
	assert_int_equal(v2.n, 1);
	assert_int_equal(v2.v[0], 20);
	cgroup_tasks("/sys/fs/cgroup/gone/freezer.state", &v2);
	assert_int_equal(v2.n, 1);
}

static int set_up(void **state)
{
	(void)state;
	own_run_enter();
	return mkdir("/sys/fs/cgroup/freezer", 0700) + mkdir(V1, 0700) +
	       mkdir("/sys/fs/cgroup/system.slice", 0700) + mkdir(V2, 0700);
}

int main(void)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(controllers),
		cmocka_unit_test(freezing),
		cmocka_unit_test(tasks),
	};

	return cmocka_run_group_tests(all, set_up, NULL);
}
