/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/criu/runtime.h"

/* A host that was lost just now may have let the container go on: its old images are no way back
 * before that is known. */
static void a_host_that_can_not_be_asked(void **state)
{
	CLEANUP_HOST struct host *host = host_new("rhel01", "rhel01", NULL, NULL);
	struct runtime rt = {.host = host, .name = "web"};

	(void)state;
	host->lost = true;
	assert_int_equal(runtime_went_on(&rt), -1);
	host->fenced = true;
	assert_int_equal(runtime_went_on(&rt), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_that_can_not_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
