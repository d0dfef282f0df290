/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <unistd.h>

#include "move/steps.h"
#include "slowness.h"

/* What a host that is lost already is asked ends at once: nothing is waited for that can't come. */
static void the_destination_is_lost_before_the_drain(void **state)
{
	struct host *source = host_new("rhel01", NULL, NULL, NULL);
	struct host *destination = host_new("rhel02", "rhel02", NULL, NULL);
	struct move move = {.side = {{.host = source}, {.host = destination}},
			    .plan.dump_timeout_ms = 1000};
	struct err err = ERR_INIT;

	(void)state;
	move.bundle.name = (char[]){"web"};
	move.bundle.dir = (char[]){"/b/web"};
	move.work_dir = (char[]){"/run/cmigrate/web"};
	move_set_sides(&move);
	destination->lost = true;
	(void)alarm(30 * (unsigned)test_slowness());
	assert_int_equal(step_drain(&move, &err), -1);
	(void)alarm(0);
	assert_string_equal(err.msg, "rhel02: no answer");
	host_free(source);
	host_free(destination);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_destination_is_lost_before_the_drain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
