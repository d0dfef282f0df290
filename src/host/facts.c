/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/facts.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"

#define VERSION_PART_MAX 99

static void add_row(struct facts *facts, const char *key, size_t key_len, const char *value,
		    size_t value_len)
{
	/* The array grows in powers of two. */
	if ((facts->n & (facts->n - 1)) == 0)
		facts->rows =
			mem_grow(facts->rows, facts->n ? facts->n * 2 : 1, sizeof(*facts->rows));
	struct fact *row = &facts->rows[facts->n++];
	row->key = str_dupn(key, key_len);
	row->value = str_dupn(value, value_len);
	str_mask(row->key);
	str_mask(row->value);
}

void facts_parse(struct facts *facts, const char *text)
{
	memset(facts, 0, sizeof(*facts));
	while (*text && facts->n < FACTS_MAX) {
		size_t len = strcspn(text, "\n");
		const char *equals = memchr(text, '=', len);
		if (equals && equals > text)
			add_row(facts, text, (size_t)(equals - text), equals + 1,
				len - (size_t)(equals - text) - 1);
		text += len;
		if (*text)
			text++;
	}
}

void facts_clear(struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		free(facts->rows[i].key);
		free(facts->rows[i].value);
	}
	free(facts->rows);
	memset(facts, 0, sizeof(*facts));
}

const char *facts_nth(const struct facts *facts, const char *key, size_t i)
{
	for (size_t row = 0; row < facts->n; row++)
		if (strcmp(facts->rows[row].key, key) == 0 && i-- == 0)
			return facts->rows[row].value;
	return NULL;
}

const char *facts_get(const struct facts *facts, const char *key)
{
	const char *value = facts_nth(facts, key, 0);

	return value ? value : "";
}

bool facts_has(const struct facts *facts, const char *key, const char *value)
{
	for (size_t row = 0; row < facts->n; row++)
		if (strcmp(facts->rows[row].key, key) == 0 &&
		    strcmp(facts->rows[row].value, value) == 0)
			return true;
	return false;
}

uint64_t facts_uint(const struct facts *facts, const char *key)
{
	const char *value = facts_get(facts, key);

	if (!*value || strspn(value, "0123456789") != strlen(value))
		return 0;
	/* Overflow gives ULLONG_MAX. */
	return strtoull(value, NULL, 10);
}

json_t *facts_json(const struct facts *facts, const char *key)
{
	const char *value = facts_get(facts, key);

	return *value ? json_loads(value, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

void facts_json_drop(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}

/* Reads the number at *text, capped at max, and skips it and one dot. */
static unsigned version_part(const char **text, unsigned max)
{
	unsigned n = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		if (n <= max)
			n = n * 10 + (unsigned)(**text - '0');
	if (**text == '.')
		(*text)++;
	return n > max ? max : n;
}

unsigned facts_version(const struct facts *facts, const char *key)
{
	const char *text = facts_get(facts, key);

	if (*text < '0' || *text > '9')
		return 0;
	unsigned major = version_part(&text, VERSION_PART_MAX * 100);
	unsigned minor = version_part(&text, VERSION_PART_MAX);
	return VERSION(major, minor, version_part(&text, VERSION_PART_MAX));
}
