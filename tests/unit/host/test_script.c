/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/host/host.h"
#include "cmigrate/host/script.h"
#include "slowness.h"

static void words(void **state)
{
	static const struct script echo = {"echo", "printf '<%s>' \"$0\" \"$@\""};
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *out = NULL;
	struct err err = ERR_INIT;

	(void)state;
	script_argv(&a, &echo, "a b", "", "$(id)", "-n", NULL);
	argv_add(&a, "more");
	assert_int_equal(host_output(here,
				     &(struct command){.argv = a.v, .timeout_ms = scaled_ms(5000)},
				     &out, &err),
			 0);
	assert_string_equal(out, "<echo><a b><><$(id)><-n><more>");
	CLEANUP_FREE char *shown = script_shown(a.v);
	assert_string_equal(shown, "(echo) 'a b' '' '$(id)' -n more");
}

/* The executable has the whole file, in a form that a shell can read. */
static void embedded(void **state)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);

	(void)state;
	for (size_t i = 0; scripts[i]; i++) {
		char *argv[] = {"sh", "-n", NULL};
		struct err err = ERR_INIT;
		struct command cmd = {
			.argv = argv, .input = scripts[i]->text, .timeout_ms = scaled_ms(5000)};
		if (host_run(here, &cmd, &err) < 0)
			fail_msg("%s: %s", scripts[i]->name, err.msg);
		assert_true(strlen(scripts[i]->text) > 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(embedded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
