/* SPDX-License-Identifier: MIT */
/* The record of a past move, read for `history`. An accepted record reads the same the next time.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"
#include "cmigrate/history/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const struct summary *s)
{
	json_t *object = summary_json(s);
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));

	json_decref(object);
	if (!text)
		__builtin_trap();
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct summary s, back;
	json_t *object = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	if (!object)
		return 0;
	int status = summary_read(object, &s, &err);
	json_decref(object);
	if (status < 0)
		return 0;
	CLEANUP_FREE char *text = text_of(&s);
	object = json_loads(text, 0, NULL);
	if (summary_read(object, &back, &err) < 0)
		__builtin_trap();
	json_decref(object);
	CLEANUP_FREE char *again = text_of(&back);
	if (strcmp(text, again) != 0)
		__builtin_trap();
	summary_clear(&s);
	summary_clear(&back);
	return 0;
}
