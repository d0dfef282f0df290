/* SPDX-License-Identifier: MIT */
/*
 * Single values of a JSON text. The input is a path and a text, divided by a line end. For what
 * jansson reads, both find the same string.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/request/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const char *found, const char *text, size_t len, const char *path)
{
	json_t *whole = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *value = json_object_get(whole, path);
	const char *string = json_string_value(value);

	/* A name with a dot in it may come after another path of the same words. */
	if (string && !strchr(path, '.') && (!found || strcmp(found, string) != 0))
		__builtin_trap();
	if (json_is_object(whole) && !value && !strchr(path, '.') && found)
		__builtin_trap();
	json_decref(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t path_len = line ? (size_t)(line - data) : 0;
	const char *text = (const char *)data + path_len + (line ? 1 : 0);
	size_t len = size - (size_t)(text - (const char *)data);
	CLEANUP_FREE char *path = str_dupn((const char *)data, path_len);
	CLEANUP_FREE char *found = json_scan(text, len, path);
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_BUF struct buf quoted = {0};

	compare(found, text, len, path);
	(void)json_scan_is_object(text, len);
	(void)json_scan_strings(text, len, path, &words);
	(void)json_scan_objects(text, len, path, &words);
	/* What is quoted is read again as it was. */
	buf_puts(&quoted, "{\"a\":");
	json_scan_quote(&quoted, path);
	buf_puts(&quoted, "}");
	CLEANUP_FREE char *again = json_scan(quoted.s, quoted.len, "a");
	if (!again || strcmp(again, path) != 0)
		__builtin_trap();
	return 0;
}
