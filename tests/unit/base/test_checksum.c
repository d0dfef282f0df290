/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/base/checksum.h"

/* The check value of the CRC catalogue: journals of other versions must stay readable. */
static void known_values(void **state)
{
	(void)state;
	assert_int_equal(checksum("123456789"), 0xcbf43926u);
	assert_int_equal(checksum(""), 0);
	assert_int_equal(checksum("a"), 0xe8b7be43u);
	assert_int_equal(checksum_bytes("\0\0", 2), 0x41d912ffu);
}

static void every_changed_bit_is_seen(void **state)
{
	unsigned char text[] = "{\"event\":\"commit\"}";
	uint32_t sum = checksum_bytes(text, sizeof(text) - 1);

	(void)state;
	for (size_t i = 0; i < 8 * (sizeof(text) - 1); i++) {
		text[i / 8] ^= (unsigned char)(1u << (i % 8));
		assert_int_not_equal(checksum_bytes(text, sizeof(text) - 1), sum);
		text[i / 8] ^= (unsigned char)(1u << (i % 8));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(every_changed_bit_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
