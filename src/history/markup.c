/* SPDX-License-Identifier: MIT */
#include "markup.h"

static const char *reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
		return " ";
	default:
		return (unsigned char)c < 0x20 || c == 0x7f ? "?" : NULL;
	}
}

void markup_text(struct buf *out, const char *text)
{
	for (const char *c = text; c && *c; c++) {
		const char *instead = reference(*c);
		if (instead)
			buf_puts(out, instead);
		else
			buf_add(out, c, 1);
	}
}
