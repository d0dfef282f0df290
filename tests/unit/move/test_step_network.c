/* SPDX-License-Identifier: MIT */
/* How the steps of the hand-over are undone if the destination keeps a part of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "move/steps.h"

/* Without the hold that host would answer the clients with a reset. */
static void an_address_that_stays(void **state)
{
	struct host *destination = host_new("rhel02", "rhel02", NULL, NULL);
	struct move move = {.side = {[DESTINATION] = {.host = destination,
						      .handover = {.host = destination,
								   .addresses = {{"192.0.2.7", 24,
										  "eth0", false}},
								   .n = 1}}}};
	struct err err = ERR_INIT;

	(void)state;
	destination->lost = true;
	assert_int_equal(undo_address(&move, &err), UNDO_LEFT);
	destination->lost = false;
	destination->fenced = true;
	assert_int_equal(undo_hold(&move, &err), UNDO_LEFT);
	assert_non_null(strstr(err.msg, "held back until then"));
	/* Once it could be taken off. */
	assert_int_equal(undo_address(&move, &err), UNDO_DONE);
	assert_int_equal(undo_hold(&move, &err), UNDO_DONE);
	host_free(destination);
}

static void no_address(void **state)
{
	struct move move = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(step_hold(&move, &err), 0);
	assert_int_equal(step_address(&move, &err), 0);
	assert_int_equal(undo_address(&move, &err), UNDO_DONE);
	assert_int_equal(undo_hold(&move, &err), UNDO_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_that_stays),
		cmocka_unit_test(no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
