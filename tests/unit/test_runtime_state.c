/* SPDX-License-Identifier: MIT */
/* state.json as runc 1.3 writes it, cut down to what is read, and what isn't believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>

#include "cmigrate/runtime_state.h"

static void descriptors_and_freezer(void **state)
{
	static const struct {
		const char *text, *descriptors, *freezer;
	} rows[] = {
		{"{\"cgroup_paths\":{\"freezer\":\"/sys/fs/cgroup/freezer/web\",\"pids\":\"/x\"},"
		 "\"external_descriptors\":[\"/dev/null\",\"pipe:[7]\",\"/dev/null\"]}",
		 "[\"/dev/null\",\"pipe:[7]\",\"/dev/null\"]",
		 "/sys/fs/cgroup/freezer/web/freezer.state"},
		{"{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/system.slice/web.scope\"}}", NULL,
		 "/sys/fs/cgroup/system.slice/web.scope/cgroup.freeze"},
		{"{\"cgroup_paths\":{\"freezer\":\"/etc/web\"},\"external_descriptors\":{}}", NULL,
		 NULL},
		{"{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/../../etc\"}}", NULL, NULL},
		{"{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/a\\nb\"}}", NULL, NULL},
		{"{\"cgroup_paths\":{\"freezer\":7},\"external_descriptors\":7}", NULL, NULL},
		{"[]", NULL, NULL},
		{"{\"cgroup_paths\":", NULL, NULL},
		{"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_RUNTIME_STATE struct runtime_state found = {0};
		runtime_state_parse(rows[i].text, &found);
		assert_int_equal(!!found.descriptors, !!rows[i].descriptors);
		assert_int_equal(!!found.freezer, !!rows[i].freezer);
		if (found.descriptors)
			assert_string_equal(found.descriptors, rows[i].descriptors);
		if (found.freezer)
			assert_string_equal(found.freezer, rows[i].freezer);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_and_freezer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
