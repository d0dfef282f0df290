/* SPDX-License-Identifier: MIT */
/* state.json as runc 1.3 writes it, cut down to the parts that are read, and paths that are
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>

#include "cmigrate/container/cgroup_freezer.h"

static void paths(void **state)
{
	static const struct {
		const char *text, *freezer;
	} rows[] = {
		{"{\"cgroup_paths\":{\"freezer\":\"/sys/fs/cgroup/freezer/web\",\"pids\":\"/x\"}}",
		 "/sys/fs/cgroup/freezer/web/freezer.state"},
		{"{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/system.slice/web.scope\"}}",
		 "/sys/fs/cgroup/system.slice/web.scope/cgroup.freeze"},
		{"{\"cgroup_paths\":{\"freezer\":\"/etc/web\"}}", NULL},
		{"{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/../../etc\"}}", NULL},
		{"{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/a\\nb\"}}", NULL},
		{"{\"cgroup_paths\":{\"freezer\":7}}", NULL},
		{"[]", NULL},
		{"{\"cgroup_paths\":", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_FREE char *found = cgroup_freezer_parse(rows[i].text);
		assert_int_equal(!!found, !!rows[i].freezer);
		if (found)
			assert_string_equal(found, rows[i].freezer);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
