/* SPDX-License-Identifier: MIT */
/* Values as the page's parts show them. */
#include "cmigrate/history/timeline.h"
#include "html_part.h"

double report_tick(double length, int most)
{
	static const double steps[] = {1, 2, 5};
	double unit = 0.001;

	if (!(length > 0 && length < 1e13))
		return 1;
	for (;;) {
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
			if (length / (unit * steps[i]) <= most)
				return unit * steps[i];
		unit *= 10;
	}
}

void report_ms(struct buf *out, double ms)
{
	char text[32] = "?";

	if (ms >= 0)
		timeline_ms(text, ms);
	buf_puts(out, text);
}

void report_outcome(struct buf *out, const struct record *r)
{
	buf_printf(out, "<span class=\"tag %s\">%s</span>", outcome_name(r->outcome),
		   outcome_name(r->outcome));
}
