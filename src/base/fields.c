/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/fields.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* Thirty years. A longer value is no duration, and this keeps infinity out of JSON. */
#define MS_MAX 1e12

/* jansson takes UTF-8 only, and a host may send anything. */
json_t *json_of_text(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	return value ? value : json_string("?");
}

/* One decimal: more digits are noise, and differ in every diff. */
json_t *json_of_ms(double ms)
{
	if (!(ms >= 0 && ms <= MS_MAX))
		return json_null();
	return json_real((double)(int64_t)(ms * 10 + 0.5) / 10);
}

json_t *json_of_number(int64_t number)
{
	return number >= 0 ? json_integer(number) : json_null();
}

json_t *json_of_words(const struct argv *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->n; i++)
		(void)json_array_append_new(list, json_of_text(words->v[i]));
	return list;
}

char *json_line(const json_t *object)
{
	return json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
}

static json_t *field_json(const struct field *f, const void *base)
{
	const void *at = (const char *)base + f->offset;
	const char *text = f->kind <= FIELD_SAID ? *(char *const *)at : NULL;

	switch (f->kind) {
	case FIELD_TEXT:
		return json_of_text(text);
	case FIELD_FILLED:
		return json_of_text(text && *text ? text : NULL);
	case FIELD_SAID:
		return text ? json_of_text(text) : NULL;
	case FIELD_CODE:
		return json_integer(*(const int *)at);
	case FIELD_UINT:
		return json_integer(*(const unsigned *)at);
	case FIELD_MS:
		return json_of_ms(*(const double *)at);
	case FIELD_SIZE:
		return *(const uint64_t *)at ? json_integer((json_int_t) * (const uint64_t *)at)
					     : json_null();
	case FIELD_COUNT:
		return json_integer((json_int_t) * (const uint64_t *)at);
	case FIELD_NUMBER:
		return json_of_number(*(const int64_t *)at);
	case FIELD_FLAG:
		return json_boolean(*(const bool *)at);
	}
	return NULL;
}

json_t *fields_json(const struct field *fields, const void *base, json_t *object)
{
	for (const struct field *f = fields; f->key; f++) {
		json_t *value = field_json(f, base);
		if (value)
			(void)json_object_set_new(object, f->key, value);
	}
	return object;
}

void fields_clear(const struct field *fields, void *base)
{
	for (const struct field *f = fields; f->key; f++)
		if (f->kind <= FIELD_SAID)
			str_set((char **)(void *)((char *)base + f->offset), NULL);
}

static int set_text(char **dest, const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != json_string_length(value))
		return -1;
	str_set(dest, text);
	return 0;
}

static int set_count(uint64_t *dest, const json_t *value)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	*dest = (uint64_t)json_integer_value(value);
	return 0;
}

static int set_uint(unsigned *dest, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || n > INT_MAX)
		return -1;
	*dest = (unsigned)n;
	return 0;
}

static int set_code(int *dest, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || n > 255)
		return -1;
	*dest = (int)n;
	return 0;
}

static int set_ms(double *dest, const json_t *value)
{
	if (!json_is_number(value) || json_number_value(value) < 0 ||
	    json_number_value(value) > MS_MAX)
		return -1;
	*dest = json_number_value(value);
	return 0;
}

static int set_flag(bool *dest, const json_t *value)
{
	*dest = json_is_true(value);
	return json_is_boolean(value) ? 0 : -1;
}

static int field_read(const struct field *f, void *base, const json_t *value)
{
	void *at = (char *)base + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_FILLED:
	case FIELD_SAID:
		return set_text(at, value);
	case FIELD_CODE:
		return set_code(at, value);
	case FIELD_UINT:
		return set_uint(at, value);
	case FIELD_MS:
		return set_ms(at, value);
	case FIELD_SIZE:
	case FIELD_COUNT:
	case FIELD_NUMBER:
		return set_count(at, value);
	case FIELD_FLAG:
		return set_flag(at, value);
	}
	return -1;
}

int fields_read(const struct field *fields, void *base, const json_t *object, const char *what,
		struct err *err)
{
	if (!json_is_object(object))
		return err_set(err, EXIT_USAGE, "%s is not an object", what);
	for (const struct field *f = fields; f->key; f++) {
		const json_t *value = json_object_get(object, f->key);
		if (f->kind == FIELD_MS)
			*(double *)(void *)((char *)base + f->offset) = -1;
		if (!value || json_is_null(value))
			continue;
		if (field_read(f, base, value) < 0)
			return err_set(err, EXIT_USAGE, "'%s' of %s has the wrong type", f->key,
				       what);
	}
	return 0;
}
