/* SPDX-License-Identifier: MIT */
/* The resource of a cluster that has a container, as its agent names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"
#include "cmigrate/container/owner.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* It becomes part of a command that somebody may copy. */
static void names(void **state)
{
	static const char *const bad[] = {"",
					  "web",
					  "pacemaker",
					  "pacemaker:",
					  "systemd:web",
					  "pacemaker:-web",
					  "pacemaker:a b",
					  "pacemaker:a;b",
					  "pacemaker:$",
					  "pacemaker:`id`",
					  "pacemaker:web\nx"};
	CLEANUP_FREE char *longest = str_fmt("pacemaker:%0128d", 1);
	CLEANUP_FREE char *longer = str_fmt("pacemaker:%0129d", 1);

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_null(owner_resource(bad[i]));
	assert_null(owner_resource(NULL));
	assert_null(owner_resource(longer));
	assert_non_null(owner_resource(longest));
	assert_string_equal(owner_resource("pacemaker:web-1_x.y:0"), "web-1_x.y:0");
}

static void itself(void **state)
{
	struct err err = ERR_INIT;
	const char *self = "x";

	(void)state;
	assert_int_equal(unsetenv(OWNER_ENV), 0);
	assert_int_equal(owner_self(&self, &err), 0);
	assert_null(self);
	assert_true(owner_is_other("pacemaker:web"));
	/* A damaged note keeps nobody from anything. */
	assert_false(owner_is_other("web") || owner_is_other(""));
	assert_int_equal(setenv(OWNER_ENV, "pacemaker:web", 1), 0);
	assert_int_equal(owner_self(&self, &err), 0);
	assert_string_equal(self, "pacemaker:web");
	assert_false(owner_is_other("pacemaker:web"));
	assert_true(owner_is_other("pacemaker:db"));
	assert_int_equal(setenv(OWNER_ENV, "pacemaker:$(id)", 1), 0);
	assert_int_equal(owner_self(&self, &err), -1);
	assert_int_equal(err.code, EXIT_USAGE);
	/* As if it were not set. */
	assert_int_equal(setenv(OWNER_ENV, "", 1), 0);
	assert_int_equal(owner_self(&self, &err), 0);
	assert_null(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
