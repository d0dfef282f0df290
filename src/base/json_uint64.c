/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/json_uint64.h"

#include <stdbool.h>
#include <string.h>

/* Both have the same length, so one can be written over the other. */
static const char uint64_max[] = "18446744073709551615";
static const char stand_in[] = "-9223372036854775808"; /* UNLIMITED */
#define NUMBER_LEN (sizeof(uint64_max) - 1)

static bool continues_number(char c)
{
	return c != '\0' && strchr("-+.0123456789eE", c) != NULL;
}

/* Replaces one number by the other wherever it is a whole number outside of strings. */
static void swap_numbers(char *text, size_t len, const char *from, const char *to)
{
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string && text[i] == '\\')
			i++;
		if (in_string || len < NUMBER_LEN || i > len - NUMBER_LEN ||
		    memcmp(text + i, from, NUMBER_LEN) != 0)
			continue;
		char before = i ? text[i - 1] : ' ';
		char after = i + NUMBER_LEN < len ? text[i + NUMBER_LEN] : ' ';
		if (!continues_number(before) && !continues_number(after))
			memcpy(text + i, to, NUMBER_LEN);
	}
}

void json_uint64_hide(char *text, size_t len)
{
	swap_numbers(text, len, uint64_max, stand_in);
}

void json_uint64_show(char *text, size_t len)
{
	swap_numbers(text, len, stand_in, uint64_max);
}
