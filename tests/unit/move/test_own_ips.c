/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "move/part.h"

static const char two_devices[] =
	"addr=[{\"ifname\":\"eth0\",\"addr_info\":[{\"local\":\"192.0.2.50\",\"deprecated\":true},"
	"{\"local\":\"192.0.2.2\"},{\"local\":\"192.0.2.3\"},{\"local\":\"2001:db8::2\"}]},"
	"{\"ifname\":\"eth1\",\"addr_info\":[7,{\"local\":\"198.51.100.2\",\"deprecated\":true}]}]"
	"\n";

static void add(struct side *side, size_t i, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(address_parse(text, &side->addresses[i], &err), 0);
}

static void each_on_its_own_device(void **state)
{
	static struct side side;

	(void)state;
	facts_parse(&side.facts, two_devices);
	add(&side, 0, "192.0.2.7/24@eth0");
	add(&side, 1, "198.51.100.7/24@eth1");
	add(&side, 2, "2001:db8::7/64@eth0");
	add(&side, 3, "2001:db8:1::7/64@eth1");
	add(&side, 4, "192.0.2.2/24@eth0");
	move_find_own_ips(&side, 5);
	assert_string_equal(side.own_ips[0], "192.0.2.2");
	assert_string_equal(side.own_ips[1], "198.51.100.2");
	assert_string_equal(side.own_ips[2], "2001:db8::2");
	assert_string_equal(side.own_ips[3], "");
	assert_string_equal(side.own_ips[4], "192.0.2.3");
	facts_clear(&side.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_on_its_own_device),
	};

	return cmocka_run_group_tests_name("own_ips", tests, NULL, NULL);
}
