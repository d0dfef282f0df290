/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/page.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/fields.h"

/* The text of page.html, embedded by the Makefile. */
extern const char text_page_html[];

#define PLACE "@RECORDS@"

/* In JSON '<' occurs in strings only. Escaped, it can't end the script element of the records. */
static void add_json(const char *json, struct buf *out)
{
	for (; *json; json++) {
		if (*json == '<')
			buf_puts(out, "\\u003c");
		else
			buf_add(out, json, 1);
	}
}

void page_html(const struct record *const *rows, size_t n, int64_t now, struct buf *out)
{
	const char *place = strstr(text_page_html, PLACE);
	json_t *moves = json_array();
	char written[32];

	record_time(written, now);
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(moves, record_json(rows[i]));
	json_t *all = json_pack("{s:s, s:o}", "written", written, "moves", moves);
	CLEANUP_FREE char *json = json_line(all);
	json_decref(all);
	buf_add(out, text_page_html, (size_t)(place - text_page_html));
	add_json(json, out);
	buf_puts(out, place + strlen(PLACE));
}
