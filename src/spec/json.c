/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmigrate/base/json.h"
#include "cmigrate/base/json_uint64.h"
#include "part.h"

static json_t *member(json_t *parent, const char *key, json_type type, struct err *err)
{
	json_t *found = json_object_get(parent, key);

	if (!found || json_is_null(found)) {
		json_t *made = type == JSON_OBJECT ? json_object() : json_array();
		json_object_set_new(parent, key, made);
		return made;
	}
	if (json_typeof(found) != type) {
		err_set(err, EXIT_USAGE, "the template's '%s' is not an %s", key,
			type == JSON_OBJECT ? "object" : "array");
		return NULL;
	}
	return found;
}

json_t *spec_object(json_t *parent, const char *key, struct err *err)
{
	return member(parent, key, JSON_OBJECT, err);
}

json_t *spec_array(json_t *parent, const char *key, struct err *err)
{
	return member(parent, key, JSON_ARRAY, err);
}

json_t *spec_object2(json_t *doc, const char *key, const char *key2, struct err *err)
{
	json_t *outer = spec_object(doc, key, err);

	return outer ? spec_object(outer, key2, err) : NULL;
}

int spec_number(const char *word, unsigned long long max, unsigned long long *ret, struct err *err)
{
	unsigned long long n = 0;

	if (!*word)
		return err_set(err, EXIT_USAGE, "'' is not a number");
	for (const char *p = word; *p; p++) {
		if (*p < '0' || *p > '9')
			return err_set(err, EXIT_USAGE, "'%s' is not a number", word);
		unsigned digit = (unsigned)(*p - '0');
		if (n > (max - digit) / 10)
			return err_set(err, EXIT_USAGE, "'%s' is more than %llu", word, max);
		n = n * 10 + digit;
	}
	*ret = n;
	return 0;
}

int spec_key_value(const char *word, char **ret_key, const char **ret_value, struct err *err)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return err_set(err, EXIT_USAGE, "'%s' is not KEY=VALUE", word);
	*ret_key = str_dupn(word, (size_t)(equals - word));
	*ret_value = equals + 1;
	return 0;
}

int spec_check_utf8(const char *word, struct err *err)
{
	json_auto_t *string = json_string(word);

	if (string)
		return 0;
	/* The message may end in JSON itself, so the shown word is cut. */
	CLEANUP_FREE char *shown = str_dup(word);
	for (char *p = shown; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return err_set(err, EXIT_USAGE, "'%s' is not UTF-8, and JSON can't hold anything else",
		       shown);
}

int spec_check_plain(const char *word, struct err *err)
{
	if (!*word)
		return err_set(err, EXIT_USAGE, "'' is empty");
	for (const char *p = word; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(err, EXIT_USAGE, "'%s' has a control byte", word);
	return 0;
}

static int add_text(const char *text, size_t len, void *out)
{
	buf_add(out, text, len);
	return 0;
}

void spec_format(const json_t *doc, bool one_line, struct buf *out)
{
	size_t start = out->len;

	(void)json_dump_callback(doc, add_text, out, one_line ? JSON_COMPACT : JSON_INDENT(2));
	buf_puts(out, "\n");
	json_uint64_show(out->s + start, out->len - start);
}
