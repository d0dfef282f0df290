/* SPDX-License-Identifier: MIT */
/* Which containers are brought back to a host, by what the hosts have now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/fleet/uncordon.h"

static void what_is_done(void **state)
{
	static const struct {
		const char *how, *to;	   /* how it left rhel01 */
		const char *host, *status; /* where it is now; NULL: nowhere */
		enum giving giving;
	} rows[] = {
		{LEFT_MOVED, "rhel02", "rhel02", "running", GIVE_MOVE},
		{LEFT_MOVED, "rhel02", "rhel02", "paused", GIVE_MOVE},
		{LEFT_MOVED, "rhel02", "rhel03", "running", GIVE_ALONE},
		{LEFT_MOVED, "rhel02", "rhel01", "running", GIVE_BACK},
		{LEFT_MOVED, "rhel02", "rhel02", "stopped", GIVE_ALONE},
		{LEFT_MOVED, "rhel02", NULL, NULL, GIVE_ALONE},
		{LEFT_MOVED, "rhel04", NULL, NULL, GIVE_UNKNOWN},
		{LEFT_MOVED, "rhel09", NULL, NULL, GIVE_UNKNOWN},
		{LEFT_CHECKPOINTED, NULL, NULL, NULL, GIVE_RESTORE},
		{LEFT_CHECKPOINTED, NULL, "rhel03", "running", GIVE_ALONE},
		{LEFT_CHECKPOINTED, NULL, "rhel01", "running", GIVE_BACK},
		{LEFT_STOPPED, NULL, NULL, NULL, GIVE_START},
		{LEFT_STOPPED, NULL, "rhel01", "stopped", GIVE_START},
		{LEFT_STOPPED, NULL, "rhel02", "running", GIVE_ALONE},
	};
	struct fleet_host hosts[] = {{.name = (char *)"rhel01", .answers = true},
				     {.name = (char *)"rhel02", .answers = true},
				     {.name = (char *)"rhel03", .answers = true},
				     {.name = (char *)"rhel04", .answers = false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct container containers[] = {{.name = (char *)"other",
						  .host = (char *)"rhel01",
						  .state = (char *)"running"},
						 {.name = (char *)"web",
						  .host = (char *)(uintptr_t)rows[i].host,
						  .state = (char *)(uintptr_t)rows[i].status}};
		struct fleet fleet = {.hosts = hosts,
				      .n_hosts = 4,
				      .containers = {containers, rows[i].host ? 2 : 1}};
		struct cordon_left left = {(char *)"web", (char *)(uintptr_t)rows[i].how,
					   (char *)(uintptr_t)rows[i].to};
		if (uncordon_giving(&fleet, "rhel01", &left) != rows[i].giving)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_done)};

	return cmocka_run_group_tests_name("uncordon", tests, NULL, NULL);
}
