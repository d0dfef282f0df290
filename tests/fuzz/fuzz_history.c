/* SPDX-License-Identifier: MIT */
/*
 * The file of a container's past moves. An accepted file reads the same the next time. Whatever it
 * contains, the page and the metrics made from it stay well-formed.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/history/all_histories.h"
#include "cmigrate/history/metrics.h"
#include "cmigrate/history/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static void look(const struct history *h)
{
	struct all_histories all = {.v = (struct history *)(uintptr_t)h, .n = 1};
	CLEANUP_BUF struct buf page = {0}, metrics = {0};
	size_t n = 0;
	const struct record **rows = all_histories_rows(&all, 0, 0, &n);

	page_html(rows, n, 0, &page);
	metrics_text(&all, &metrics);
	free(rows);
	if (count(page.s, "\"freeze_start_ms\":") != n || count(page.s, "</html>") != 1 ||
	    count(page.s, "<script") != 2 || count(page.s, "</script") != 2)
		__builtin_trap();
	if (count(metrics.s, "\ncmigrate_moves_in_doubt{") != 1)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_HISTORY struct history h = {0}, back = {0};
	CLEANUP_BUF struct buf text = {0}, again = {0};

	history_parse("web", (const char *)data, size, &h);
	look(&h);
	history_text(&h, &text);
	history_parse("web", buf_str(&text), text.len, &back);
	history_text(&back, &again);
	if (back.damaged || back.n != h.n || strcmp(buf_str(&text), buf_str(&again)) != 0)
		__builtin_trap();
	return 0;
}
