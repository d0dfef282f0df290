/* SPDX-License-Identifier: MIT */
#include "cmigrate/check/warnings.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/fields.h"
#include "cmigrate/base/str.h"

static const struct field warning_fields[] = {
	FIELD(struct warning, check, FIELD_TEXT),
	FIELD(struct warning, message, FIELD_TEXT),
	FIELD(struct warning, remedy, FIELD_TEXT),
	{.key = NULL},
};

void warnings_add(struct warnings *w, const char *check, const char *message, const char *remedy)
{
	w->rows = mem_grow(w->rows, w->n + 1, sizeof(*w->rows));
	w->rows[w->n++] = (struct warning){str_dup(check), str_dup(message), str_dup(remedy)};
}

void warnings_of(const struct check_results *results, struct warnings *ret)
{
	warnings_clear(ret);
	for (size_t i = 0; i < results->n; i++) {
		const struct check_result *row = &results->rows[i];
		if (row->outcome == CHECK_FAILED && row->severity == CHECK_WARNING)
			warnings_add(ret, row->id, row->message, row->remedy);
	}
}

json_t *warnings_json(const struct warnings *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->n; i++)
		(void)json_array_append_new(
			list, fields_json(warning_fields, &w->rows[i], json_object()));
	return list;
}

static int read_row(const json_t *row, struct warnings *w, struct err *err)
{
	warnings_add(w, NULL, NULL, NULL);
	struct warning *last = &w->rows[w->n - 1];

	if (fields_read(warning_fields, last, row, "a warning", err) < 0)
		return -1;
	if (!last->check)
		return err_set(err, EXIT_USAGE, "a warning has no check");
	str_mask(last->check);
	if (last->message)
		str_mask(last->message);
	if (last->remedy)
		str_mask(last->remedy);
	return 0;
}

int warnings_read(const json_t *list, struct warnings *ret, struct err *err)
{
	const json_t *row;
	size_t i;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > WARNINGS_MAX)
		return err_set(err, EXIT_USAGE, "'warnings' is not a list of %d at most",
			       WARNINGS_MAX);
	json_array_foreach (list, i, row)
		if (read_row(row, ret, err) < 0)
			return -1;
	return 0;
}

char *warnings_ids(const struct warnings *w)
{
	struct buf text = {0};

	buf_puts(&text, "");
	for (size_t i = 0; i < w->n; i++)
		buf_printf(&text, "%s%s", i ? "," : "", w->rows[i].check);
	return buf_steal(&text);
}

void warnings_clear(struct warnings *w)
{
	for (size_t i = 0; i < w->n; i++)
		fields_clear(warning_fields, &w->rows[i]);
	free(w->rows);
	memset(w, 0, sizeof(*w));
}
