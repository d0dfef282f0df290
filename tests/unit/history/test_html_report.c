/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/history/html_report.h"
#include "history/html_part.h"
#include "history/markup.h"
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
	report_html(list, n, MOMENT, &page);
	free(list);
	return buf_steal(&page);
}

static void text_is_text(void **state)
{
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	markup_text(&out, "<a href=\"x\" b='&amp;'>\033[1m\n\x7f\xc3\xa4");
	assert_string_equal(out.s, "&lt;a href=&quot;x&quot; b=&#39;&amp;amp;&#39;&gt;?[1m "
				   "?\xc3\xa4");
	buf_clear(&out);
	markup_text(&out, NULL);
	assert_string_equal(buf_str(&out), "");
}

static void nothing_to_report(void **state)
{
	CLEANUP_FREE char *page = page_of(NULL, 0);

	(void)state;
	assert_non_null(strstr(page, "No move is recorded yet"));
	assert_int_equal(count(page, "<svg"), 0);
	assert_int_equal(count(page, "</html>"), 1);
}

static void each_move_has_its_parts(void **state)
{
	struct record rows[150];

	(void)state;
	for (int i = 0; i < 150; i++) {
		CLEANUP_FREE char *id = str_fmt("20251121T233320-%08x", (unsigned)i);
		rows[i] = sample(id, i % 10 ? "moved" : "undone", MOMENT + i * 3600);
	}
	CLEANUP_FREE char *page = page_of(rows, 150);
	assert_int_equal(count(page, "<svg"), 151);
	assert_int_equal(count(page, " role=\"img\" aria-labelledby="), 151);
	assert_int_equal(count(page, "<article "), 150);
	assert_int_equal(count(page, "<th scope=\"row\">"), 150);
	/* In the table and at its move; the key and the styles have the word as well. */
	assert_int_equal(count(page, "class=\"tag undone\""), 30);
	assert_int_equal(count(page, "href=\"#m-20251121T233320-00000095\""), 1);
	assert_int_equal(count(page, "id=\"m-20251121T233320-00000095\""), 1);
	assert_non_null(strstr(page, "<b>135 of 150</b>"));
	assert_non_null(strstr(page, "2025-11-21 to 2025-11-28<"));
	for (int i = 0; i < 150; i++)
		record_clear(&rows[i]);
}

static void what_hosts_said_is_escaped(void **state)
{
	struct record r = sample("a-1", "undone", MOMENT);

	(void)state;
	str_set(&r.summary.error, "</p><script>alert('1')</script> & \"2\"");
	str_set(&r.summary.answered_by, "<img src=x>");
	str_set(&r.summary.strategy, "<s>");
	str_set(&r.summary.steps[0].name, "<step onload='x'>");
	str_set(&r.logs, "/a/\"><i>");
	CLEANUP_FREE char *page = page_of(&r, 1);
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "<img"));
	assert_null(strstr(page, "<s>"));
	assert_null(strstr(page, "<step"));
	assert_null(strstr(page, "\"><i>"));
	assert_non_null(strstr(page, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; "
				     "&quot;2&quot;"));
	record_clear(&r);
}

static void nothing_comes_from_elsewhere(void **state)
{
	struct record r = sample("a-1", "moved", MOMENT);

	(void)state;
	CLEANUP_FREE char *page = page_of(&r, 1);
	assert_null(strstr(page, "http:"));
	assert_null(strstr(page, "https:"));
	assert_null(strstr(page, "src="));
	assert_null(strstr(page, "url("));
	assert_non_null(strstr(page, "default-src 'none'"));
	record_clear(&r);
}

/* Half of 667 ms on a ruler from x = 132 to 876: where its bars lie follows from that alone. */
static void bars_are_to_scale(void **state)
{
	struct record r = sample("a-1", "moved", MOMENT);

	(void)state;
	summary_step_add(&r.summary, "half", 333.5, 333.5, false);
	CLEANUP_FREE char *page = page_of(&r, 1);
	assert_non_null(strstr(page, ">half</text><rect class=\"r\" x=\"504.0\" width=\"372.0\""));
	record_clear(&r);
}

static void values_beyond_all_bounds(void **state)
{
	struct record r = sample("a-1", "moved", MOMENT);

	(void)state;
	r.summary.outage_ms = 1e12;
	r.summary.freeze_ms = 0;
	r.summary.total_ms = -1;
	summary_step_add(&r.summary, "late", 1e12, 1e12, false);
	CLEANUP_FREE char *page = page_of(&r, 1);
	assert_null(strstr(page, "nan"));
	assert_null(strstr(page, "inf\""));
	assert_null(strstr(page, "width=\"-"));
	record_clear(&r);
}

static void ticks(void **state)
{
	static const struct {
		double length;
		int most;
		double wanted;
	} rows[] = {{100, 5, 20}, {101, 5, 50}, {667, 8, 100}, {3, 8, 0.5}, {0, 5, 1}, {-1, 5, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal((int)(report_tick(rows[i].length, rows[i].most) * 1000 + 0.5),
				 (int)(rows[i].wanted * 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_text),
		cmocka_unit_test(nothing_to_report),
		cmocka_unit_test(each_move_has_its_parts),
		cmocka_unit_test(what_hosts_said_is_escaped),
		cmocka_unit_test(nothing_comes_from_elsewhere),
		cmocka_unit_test(bars_are_to_scale),
		cmocka_unit_test(values_beyond_all_bounds),
		cmocka_unit_test(ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
