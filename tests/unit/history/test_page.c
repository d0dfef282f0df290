/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/history/page.h"
#include "sample.h"

#define MOMENT 1763768000

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static char *page_of(const struct record *rows, size_t n)
{
	const struct record **list = mem_new(n + 1, sizeof(*list));
	struct buf page = {0};

	for (size_t i = 0; i < n; i++)
		list[i] = &rows[i];
	page_html(list, n, MOMENT, &page);
	free(list);
	return buf_steal(&page);
}

/* Reads the element as a browser does, up to the first end tag. */
static json_t *data_of(const char *page)
{
	const char *start = strstr(page, "id=\"records\">");
	const char *end = start ? strstr(start, "</script") : NULL;

	assert_non_null(end);
	start = strchr(start, '>') + 1;
	json_t *data = json_loadb(start, (size_t)(end - start), 0, NULL);
	assert_non_null(data);
	return data;
}

static void the_records_are_in_it(void **state)
{
	struct record rows[2] = {sample("a-1", "moved", MOMENT), sample("a-2", "undone", MOMENT)};
	CLEANUP_FREE char *page = page_of(rows, 2);
	CLEANUP_FREE char *empty = page_of(NULL, 0);
	json_t *data = data_of(page), *none = data_of(empty);

	(void)state;
	json_t *moves = json_object_get(data, "moves");
	assert_int_equal(json_array_size(moves), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *wanted = record_json(&rows[i]);
		assert_true(json_equal(json_array_get(moves, i), wanted));
		json_decref(wanted);
		record_clear(&rows[i]);
	}
	assert_string_equal(json_string_value(json_object_get(data, "written")),
			    "2025-11-21T23:33:20Z");
	assert_int_equal(json_array_size(json_object_get(none, "moves")), 0);
	json_decref(data);
	json_decref(none);
}

static void no_text_ends_the_data(void **state)
{
	static const char text[] = "</script><script>alert('1')</script><!-- & \"2\" @RECORDS@";
	struct record r = sample("a-1", "undone", MOMENT);

	(void)state;
	str_set(&r.summary.error, text);
	str_set(&r.summary.answered_by, "</ScRiPt >");
	str_set(&r.summary.steps[0].name, "<script");
	CLEANUP_FREE char *page = page_of(&r, 1);
	json_t *data = data_of(page);
	const json_t *move = json_array_get(json_object_get(data, "moves"), 0);
	assert_string_equal(json_string_value(json_object_get(move, "error")), text);
	assert_int_equal(count(page, "<script"), 2);
	assert_int_equal(count(page, "</script"), 2);
	assert_int_equal(count(page, "</ScRiPt"), 0);
	json_decref(data);
	record_clear(&r);
}

static void nothing_comes_from_elsewhere(void **state)
{
	CLEANUP_FREE char *page = page_of(NULL, 0);

	(void)state;
	assert_int_equal(count(page, "http:"),
			 1); /* the namespace of SVG, which is never fetched */
	assert_non_null(strstr(page, "'http://www.w3.org/2000/svg'"));
	assert_null(strstr(page, "https:"));
	assert_null(strstr(page, "src="));
	assert_null(strstr(page, "url("));
	assert_non_null(strstr(page, "default-src 'none'; script-src 'sha256-"));
	assert_null(strstr(page, "innerHTML"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_records_are_in_it),
		cmocka_unit_test(no_text_ends_the_data),
		cmocka_unit_test(nothing_comes_from_elsewhere),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
