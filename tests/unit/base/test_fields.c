/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cmigrate/base/fields.h"

struct thing {
	char *text, *filled, *said;
	int code;
	double ms;
	uint64_t size, count;
	int64_t number;
	bool flag;
};

static const struct field fields[] = {
	FIELD(struct thing, text, FIELD_TEXT),
	FIELD(struct thing, filled, FIELD_FILLED),
	FIELD(struct thing, said, FIELD_SAID),
	FIELD(struct thing, code, FIELD_CODE),
	FIELD(struct thing, ms, FIELD_MS),
	FIELD(struct thing, size, FIELD_SIZE),
	FIELD(struct thing, count, FIELD_COUNT),
	FIELD_AS("other", struct thing, number, FIELD_NUMBER),
	FIELD(struct thing, flag, FIELD_FLAG),
	{.key = NULL},
};

static char *line_of(const struct thing *thing)
{
	json_t *object = fields_json(fields, thing, json_object());
	char *line = json_line(object);

	json_decref(object);
	return line;
}

static void written(void **state)
{
	char text[] = "a\xff", filled[] = "", said[] = "s";
	struct thing full = {text, filled, said, 3, 1.26, 5, 6, 7, true};
	struct thing none = {.ms = -1, .number = -1};
	CLEANUP_FREE char *first = line_of(&full);
	CLEANUP_FREE char *second = line_of(&none);

	(void)state;
	/* Invalid UTF-8 becomes "?". */
	assert_string_equal(first, "{\"text\":\"?\",\"filled\":null,\"said\":\"s\",\"code\":3,"
				   "\"ms\":1.3,\"size\":5,\"count\":6,\"other\":7,\"flag\":true}");
	assert_string_equal(second, "{\"text\":null,\"filled\":null,\"code\":0,\"ms\":null,"
				    "\"size\":null,\"count\":0,\"other\":null,\"flag\":false}");
}

static int read_text(const char *text, struct thing *ret, struct err *err)
{
	json_t *object = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	int status = fields_read(fields, ret, object, "a thing", err);

	json_decref(object);
	return status;
}

static void read_back(void **state)
{
	static const char *const wrong[] = {
		"[]",	       "{\"text\":1}",	 "{\"text\":\"a\\u0000b\"}", "{\"code\":256}",
		"{\"ms\":-1}", "{\"size\":1.5}", "{\"other\":-1}",	     "{\"flag\":0}"};
	struct err err = ERR_INIT;
	struct thing thing = {0};

	(void)state;
	assert_int_equal(read_text("{\"text\":\"a\",\"size\":9,\"other\":8,\"flag\":true,\"x\":1,"
				   "\"said\":null}",
				   &thing, &err),
			 0);
	assert_string_equal(thing.text, "a");
	assert_null(thing.said);
	assert_int_equal(thing.size, 9);
	assert_int_equal(thing.number, 8);
	assert_true(thing.flag && thing.ms < 0);
	fields_clear(fields, &thing);
	assert_null(thing.text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct thing bad = {0};
		assert_int_equal(read_text(wrong[i], &bad, &err), -1);
		assert_int_equal(err.code, EXIT_USAGE);
		fields_clear(fields, &bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written),
		cmocka_unit_test(read_back),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
